import { HttpException } from '@nestjs/common';
import type { OperationContext } from '../../../libs/orchestrator/src/operations/operation.js';
import { MemoryStateStore } from '../../../libs/orchestrator/src/state/memory/memory.store.js';
import { type BootedServices, bootServices } from '../../../libs/orchestrator/src/testing/boot-services.js';
import { serviceOf, type TestOperation } from '../../../libs/orchestrator/src/testing/service-of.js';
import { MemoryBroker } from '../../../libs/orchestrator/src/transports/memory/memory.broker.js';
import { API_INPUT, generateCookbook } from './cookbooks.js';
import { type Call, callsOf, checkOrder, interpret, timeless } from './interpreter.js';
import { answer, MUTATING, OPERATIONS, type OperationName, SERVICES } from './library.js';

/** What a generated cookbook did, and what it should have done, as texts that compare. */
export interface Experiment {
  readonly seen: string;
  readonly wanted: string;
  /** Which call came too early; `undefined`: none. */
  readonly disorder: string | undefined;
  /** The different contents of its terminals. */
  readonly ends: number;
}

/** Three services that know the library, through the real module, for generated cookbooks. */
export class Laboratory {
  private readonly calls = new Map<string, Call[]>();

  private constructor(private booted: BootedServices | undefined) {}

  static async open(): Promise<Laboratory> {
    const laboratory = new Laboratory(undefined);
    const mutates = laboratory.handlers(OPERATIONS.filter((name) => MUTATING.has(name)));
    const reads = laboratory.handlers(OPERATIONS.filter((name) => !MUTATING.has(name)));
    const options = { limits: { depth: 200, messageBytes: 4_000_000 } };
    const imports = SERVICES.map((service) => serviceOf(service, { mutates, reads }, { cache: false, ...options }));
    laboratory.booted = await bootServices({ imports });
    return laboratory;
  }

  get services(): BootedServices {
    if (this.booted === undefined) throw new TypeError('The laboratory is not open.');
    return this.booted;
  }

  get broker(): MemoryBroker {
    return this.services.app.get(MemoryBroker, { strict: false });
  }

  get store(): MemoryStateStore {
    return this.services.app.get(MemoryStateStore, { strict: false });
  }

  async execute(seed: number): Promise<Experiment> {
    const cookbook = generateCookbook(seed);
    const { workflowId } = await this.services.orchestrator('alpha').start(cookbook, { input: API_INPUT });
    await this.services.settle();
    const hops = this.services.hops.splice(0);
    const ends = hops.filter(
      ({ destination }) => destination === 'workflow.completed' || destination === 'workflow.failed',
    );
    const end = ends.at(-1)?.message ?? {};
    const expected = interpret(cookbook, API_INPUT, workflowId);
    const made = this.calls.get(workflowId) ?? [];
    this.calls.delete(workflowId);
    return {
      seen: timeless({
        status: end['status'],
        output: end['api_output'] ?? undefined,
        steps: end['steps'],
        failure: failureOf(end['error']),
        calls: once(made).map(tell).sort(),
      }),
      wanted: timeless({
        ...expected,
        output: expected.output ?? undefined,
        trace: undefined,
        calls: callsOf(expected.trace).map(tell).sort(),
      }),
      disorder: checkOrder(expected.trace, made),
      ends: new Set(ends.map(({ body }) => body)).size,
    };
  }

  /** The operations of the library as handlers. */
  private handlers(names: readonly OperationName[]): Record<string, TestOperation> {
    const handle =
      (operation: OperationName) =>
      (input: unknown, { service, workflowId, path, attempt }: OperationContext): unknown => {
        const known = this.calls.get(workflowId) ?? [];
        known.push({ service, operation, path, attempt, input });
        this.calls.set(workflowId, known);
        const { output, error } = answer(operation, input, attempt);
        if (error !== undefined) throw new HttpException({ message: error.code, code: error.code }, error.status);
        return output;
      };
    return Object.fromEntries(names.map((name) => [name, handle(name)]));
  }
}

const tell = ({ service, path, attempt, operation, input }: Call): string =>
  `${service}.${operation} ${path}#${attempt} ${timeless(input)}`;

/** A read may be repeated, when a part of its fork had to wait: of equal ones the last counts. An effect may not. */
function once(made: readonly Call[]): Call[] {
  const keyOf = ({ path, attempt }: Call): string => `${path}#${attempt}`;
  const last = new Map(made.map((call) => [keyOf(call), call]));
  return made.filter((call) => MUTATING.has(call.operation as OperationName) || last.get(keyOf(call)) === call);
}

function failureOf(error: unknown): object | undefined {
  if (error === undefined) return undefined;
  const { path, code, total_attempts: attempts } = error as Record<string, unknown>;
  return { path, code, attempts };
}
