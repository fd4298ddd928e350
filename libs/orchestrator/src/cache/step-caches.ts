import { Injectable, Logger } from '@nestjs/common';
import { ConfigurationError } from '../errors/configuration.error.js';
import type { BoundOperation, OperationRegistry } from '../operations/operation.registry.js';
import { nearest } from '../utils/nearest.js';
import type { Brackets } from './brackets.js';

/** So many operations are told by name. */
const TOLD = 20;

/** The caches of this application's services: what they read of each other, and the one interceptor that serves them all. */
@Injectable()
export class StepCaches {
  private readonly logger = new Logger('StepCache');
  private readonly byService = new Map<string, Brackets>();
  private first: (() => void) | undefined;

  add(brackets: Brackets): void {
    this.byService.set(brackets.settings.service, brackets);
    this.tellFirst();
  }

  of(service: string): Brackets | undefined {
    return this.byService.get(service);
  }

  /** Calls back once, when the first service has a cache that is on, or says who calls: while providers are made. */
  whenFirstAsks(call: () => void): void {
    this.first = call;
    this.tellFirst();
  }

  get anyAsks(): boolean {
    return [...this.byService.values()].some(({ isOn, settings }) => isOn || settings.callerOf !== undefined);
  }

  /**
   * At boot, when the operations are known.
   * @throws ConfigurationError for stores that cannot be used, and for a read of what another service changes unseen
   */
  open(operations: OperationRegistry): void {
    for (const brackets of this.byService.values()) brackets.open();
    for (const operation of operations.all()) {
      const { service, name, reads = [], mutates } = operation;
      const reader = this.byService.get(service);
      if (reader === undefined || mutates || reader.neverCached(operation) !== undefined) continue;
      for (const { service: owner = service, resource } of reads) {
        const why = owner === service ? undefined : this.whyUnseen(reader, owner);
        if (why === undefined) continue;
        throw new ConfigurationError(
          `Operation "${name}" of "${service}" reads "${resource}" of service "${owner}", ${why}: it would be answered from the cache ` +
            'after that has changed it. Say cache: false for the operation, or mend that.',
        );
      }
    }
    this.warnOfMisspelt([...operations.all()]);
    this.tellUndeclared(
      [...operations.all()].filter(({ service, undeclared }) => undeclared && this.of(service)?.isOn),
    );
  }

  /** What nobody has declared is cached as a read: an effect behind it would not happen again, so that he is told. */
  private tellUndeclared(operations: readonly BoundOperation[]): void {
    for (const { service, name, handler, changingMethod } of operations) {
      if (changingMethod === undefined) continue;
      this.logger.warn(
        `Operation "${name}" of "${service}" (${handler}) has a route for ${changingMethod}, and nothing says whether it changes something: ` +
          'it is not cached, and what it changes is not purged. Add @Mutates, or @Reads.',
      );
    }
    for (const [service, { isOn }] of this.byService) {
      const taken = operations.filter((each) => each.service === service && this.isTakenForRead(each));
      if (!isOn || taken.length === 0) continue;
      const names = taken.slice(0, TOLD).map(({ name }) => name);
      const more = taken.length > TOLD ? ` and ${taken.length - TOLD} more` : '';
      this.logger.log(
        `Service "${service}" takes for reads, and answers from its cache: ${names.join(', ')}${more}. Add @Mutates to what changes something.`,
      );
    }
  }

  private isTakenForRead(operation: BoundOperation): boolean {
    return this.of(operation.service)?.neverCached(operation) === undefined;
  }

  /** What nothing reads may be changed; where it is spelt nearly as what is read, that would stay as it was before. */
  private warnOfMisspelt(operations: readonly BoundOperation[]): void {
    const readOf = (of: string): string[] =>
      operations.flatMap(({ service, reads = [] }) =>
        reads.filter(({ service: owner = service }) => owner === of).map(({ resource }) => resource),
      );
    for (const { service, name, handler, mutates, mutated } of operations) {
      if (!mutates || mutated === undefined || this.of(service)?.isOn !== true) continue;
      const { resource } = mutated;
      const read = readOf(service);
      const meant = read.includes(resource) ? undefined : nearest(resource, read);
      if (meant === undefined) continue;
      this.logger.warn(
        `Operation "${name}" of "${service}" (${handler}) changes "${resource}", and nothing reads "${resource}". Did you mean "${meant}"?`,
      );
    }
  }

  /** Why what another service changes would purge nothing of this one's; `undefined`: it does. */
  private whyUnseen({ coherence, settings: { namespace } }: Brackets, owner: string): string | undefined {
    const other = this.byService.get(owner);
    if (other === undefined) {
      return coherence.shared ? undefined : 'which is not in this application, while the tokens of its cache are';
    }
    if (!other.isOn) return 'which has cache: false';
    if (other.settings.namespace !== namespace)
      return `which has another namespace, "${other.settings.namespace}" instead of "${namespace}"`;
    return coherence.sharedWith(other.coherence) ? undefined : 'whose cache has its tokens elsewhere (cache.coherence)';
  }

  private tellFirst(): void {
    if (!this.anyAsks) return;
    this.first?.();
    this.first = undefined;
  }
}
