import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  Logger,
  type NestInterceptor,
  type OnApplicationBootstrap,
  type OnModuleInit,
} from '@nestjs/common';
import { ApplicationConfig } from '@nestjs/core';
import {
  catchError,
  concat,
  concatMap,
  defer,
  EMPTY,
  finalize,
  from,
  ignoreElements,
  lastValueFrom,
  mergeMap,
  type Observable,
  tap,
  throwError,
} from 'rxjs';
import { ConfigurationError } from '../errors/configuration.error.js';
import { UncoveredMutationError } from '../errors/uncovered-mutation.error.js';
import type { Caller } from '../message/workflow-message.js';
import { handlerName, type HandlerId } from '../operations/handler.js';
import { BracketOfCalls, HandlerCall, within } from '../operations/handler-call.js';
import { probedName } from '../operations/handler.probe.js';
import { type BoundOperation, OperationRegistry } from '../operations/operation.registry.js';
import { describeError } from '../utils/describe-error.js';
import { asTold, isSentAlike } from './as-told.js';
import { type Brackets, requirePurged } from './brackets.js';
import type { CacheSettings } from './cache.options.js';
import { callerFrom } from './caller-from.js';
import { askedBy, handlerOf, inputsOf, originOf, questionOf } from './call-question.js';
import { fieldsAmong, type Given } from './fields.js';
import { foreignCacheOf } from './foreign-cache.js';
import type { Mutation } from './mutation.js';
import type { Reading } from './reading.js';
import { StepCaches } from './step-caches.js';

/**
 * The bracket of HTTP and RPC calls of operations, once per application and outermost, so that a purge follows whatever an
 * interceptor commits. It puts itself in front while providers are created; Nest adds every APP_INTERCEPTOR after that, and
 * `useGlobalInterceptors` appends. Steps have a bracket of their own, and leave it out.
 */
@Injectable()
export class OperationInterceptor
  extends BracketOfCalls
  implements NestInterceptor, OnApplicationBootstrap, OnModuleInit
{
  private readonly logger = new Logger('StepCache');
  /** Handlers of which it was said that their caller is none. */
  private readonly warned = new Set<string>();

  constructor(
    private readonly config: ApplicationConfig,
    private readonly operations: OperationRegistry,
    private readonly caches: StepCaches,
  ) {
    super();
    // Where nobody needs it nobody pays for an interceptor.
    caches.whenFirstAsks(() => {
      // Not `addGlobalInterceptor`, which appends: what a library had added before would commit after our purge.
      config.getGlobalInterceptors().unshift(this);
    });
  }

  onModuleInit(): void {
    const [first] = this.config.getGlobalInterceptors();
    if (first === this || !this.caches.anyAsks) return;
    throw new ConfigurationError(
      'The interceptor that purges what operations change is not the first of the global ones: what another commits after it ' +
        `would be cached as it was before. Let ${first?.constructor.name ?? 'Nest'} be added with useGlobalInterceptors() or APP_INTERCEPTOR.`,
    );
  }

  /** When every operation is known, and every global interceptor. */
  onApplicationBootstrap(): void {
    for (const [handler, operations] of this.operations.allHandlers()) {
      if (!operations.some(({ service, cache }) => this.caches.of(service)?.isOn === true && cache !== false)) continue;
      const foreign = foreignCacheOf(handler, this.config);
      if (foreign === undefined) continue;
      this.logger.warn(
        `${foreign} stands in front of ${handlerName(handler)}, and answers from a cache that no change purges: it may answer what ` +
          'was true before. Remove it there: the step cache serves the read. Or say cache: false for the operation.',
      );
    }
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const handler = handlerOf(context);
    const operations = handler === undefined ? [] : this.operations.handledBy(handler);
    const [operation] = operations;
    const brackets = operation && this.caches.of(operation.service);
    if (handler === undefined || operation === undefined || brackets === undefined) return next.handle();
    const { isOn, settings } = brackets;
    if (!isOn && settings.callerOf === undefined) return next.handle();
    const mutators = operations.filter(({ mutates }) => mutates);
    const call = (caller: Caller | undefined): Observable<unknown> => {
      const mutation = brackets.mutating(mutators, caller, originOf(context));
      if (mutation !== undefined) return this.mutate(mutation, operation.handler, context, next);
      const reading = isOn ? this.readingOf(operations, operation, handler, context, caller, brackets) : undefined;
      if (reading !== undefined) return this.read(reading, next);
      const covered = (nested: HandlerId): boolean =>
        isOn ? !this.operations.mutates(nested) : !this.isPurgedElsewhere(nested);
      return within(new UncachedCall(caller, covered, isOn ? handler : undefined), () => next.handle());
    };
    return defer(() => this.callerOf(context, settings)).pipe(mergeMap(call));
  }

  /** Every value, error and end is held back until what the call has changed is purged. */
  private mutate(
    mutation: Mutation,
    handler: string,
    context: ExecutionContext,
    next: CallHandler,
  ): Observable<unknown> {
    // A spy, or a bound method, need not come to the probe: whatever it does counts.
    if (probedName(context.getHandler()) === undefined) mutation.begin();
    let ended = false;
    const settle = (purged: Promise<boolean>, failure?: ErrorOptions): Promise<void> =>
      requirePurged(purged, handler, failure).catch((error: unknown) => {
        ended = true; // it is owed now, and made up for
        mutation.leave();
        throw asTold(error, context.getType());
      });
    const end = async (failure?: ErrorOptions): Promise<void> => {
      if (!ended) await settle(mutation.end(), failure);
      ended = true;
    };
    return within(mutation, () => next.handle()).pipe(
      concatMap(async (value: unknown) => {
        await settle(mutation.purge());
        return value;
      }),
      catchError((error: unknown) => from(end({ cause: error })).pipe(mergeMap(() => throwError(() => error)))),
      (values) =>
        concat(
          values,
          defer(() => from(end()).pipe(mergeMap(() => EMPTY))),
        ),
      finalize(() => {
        if (!ended) void mutation.end(); // whoever called has gone
      }),
    );
  }

  /** The bracket of a call that may be answered from the cache. */
  private readingOf(
    operations: readonly BoundOperation[],
    operation: BoundOperation,
    handler: HandlerId,
    context: ExecutionContext,
    caller: Caller | undefined,
    brackets: Brackets,
  ): Reading | undefined {
    const origin = originOf(context);
    const asked = askedBy(operations, caller, inputsOf(context, operation));
    if (typeof asked === 'string') {
      brackets.bypass(operation, origin, asked);
      return undefined;
    }
    const input = this.questionOf(asked.given, operation, context);
    if (input === undefined) {
      brackets.bypass(operation, origin, 'cache.key says no JSON');
      return undefined;
    }
    return brackets.reading(operation, {
      contextType: context.getType(),
      caller: asked.caller,
      input,
      fieldOf: fieldsAmong(asked.given),
      handler,
      origin,
      collapses: false,
    });
  }

  private read(reading: Reading, next: CallHandler): Observable<unknown> {
    const execute = (): Observable<unknown> => within(reading, () => next.handle());
    return from(reading.find()).pipe(
      mergeMap((found) =>
        found === undefined
          ? filling(reading, execute())
          : from(reading.checked(found.value, () => lastValueFrom(execute()))),
      ),
      finalize(() => {
        reading.fail(); // whoever asked may go at any moment, also before it is known that the handler must be called
      }),
    );
  }

  /** Whether a handler changes something of a service whose cache is on, which only a bracket of its own would purge. */
  private isPurgedElsewhere(handler: HandlerId): boolean {
    return this.operations
      .handledBy(handler)
      .some(({ mutates, service }) => mutates && this.caches.of(service)?.isOn === true);
  }

  /** A call whose `cache.key` fails is executed: one written for HTTP may not know messages. */
  private questionOf(given: readonly Given[], operation: BoundOperation, context: ExecutionContext): unknown {
    try {
      return questionOf(given, operation, context);
    } catch (error) {
      this.logger.warn(`cache.key failed for ${operation.name}, which is not cached: ${describeError(error)}`);
      return undefined;
    }
  }

  /** Whoever cannot say who calls is not told an old answer, and purges for everybody. */
  private async callerOf(context: ExecutionContext, { callerOf }: CacheSettings): Promise<Caller | undefined> {
    const handler = `${context.getClass().name}.${context.getHandler().name}`;
    const warning = `The option caller failed for ${handler}, which is not cached`;
    let said: unknown;
    try {
      said = await callerOf?.(context);
      return callerFrom(said);
    } catch (error) {
      // What an error says may be news each time; what is no caller is a mistake of the option, and said once.
      if (said === undefined || !this.warned.has(handler)) this.logger.warn(`${warning}: ${describeError(error)}`);
      if (said !== undefined) this.warned.add(handler);
      return undefined;
    }
  }
}

/** A call that is not cached, and purges nothing: it may change nothing that is to be purged. */
class UncachedCall extends HandlerCall {
  /**
   * @param covered whether a handler may be called, whatever that changes
   * @param reader the handler at work, where it is a read
   */
  constructor(
    override readonly caller: Caller | undefined,
    private readonly covered: (handler: HandlerId) => boolean,
    private readonly reader: HandlerId | undefined,
  ) {
    super();
  }

  override starting(handler: HandlerId): undefined {
    const { reader } = this;
    if (!this.covered(handler)) throw new UncoveredMutationError(handlerName(handler), reader && handlerName(reader));
  }

  override returned(): void {
    // nothing depends on it
  }
}

/** Passes everything on, and stores an only value before it completes. */
function filling(reading: Reading, source: Observable<unknown>): Observable<unknown> {
  const values: unknown[] = [];
  const passed = source.pipe(
    tap((value) => {
      if (values.length < 2) values.push(value);
      if (values.length > 1) reading.unshare();
    }),
  );
  const stored = defer(async () => {
    if (values.length === 1) await reading.fill(isSentAlike(values[0]) ? values[0] : undefined);
  });
  return concat(passed, stored.pipe(ignoreElements()));
}
