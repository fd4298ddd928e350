import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { HttpException } from '@nestjs/common';
import { foreach } from '../../libs/orchestrator/src/engine/steps/foreach.step.js';
import { forkJoin } from '../../libs/orchestrator/src/engine/steps/fork-join.step.js';
import { choice } from '../../libs/orchestrator/src/engine/steps/switch.step.js';
import { RunScope } from '../../libs/orchestrator/src/engine/run-scope.js';
import type { OperationContext } from '../../libs/orchestrator/src/operations/operation.js';
import { type BootedServices, bootServices } from '../../libs/orchestrator/src/testing/boot-services.js';
import { serviceOf, type TestOperation } from '../../libs/orchestrator/src/testing/service-of.js';
import { MemoryStateStore } from '../../libs/orchestrator/src/state/memory/memory.store.js';
import { MemoryBroker } from '../../libs/orchestrator/src/transports/memory/memory.broker.js';
import { API_INPUT, generateCookbook } from '../support/random/cookbooks.js';
import { type Call, callsOf, checkOrder, interpret, timeless } from '../support/random/interpreter.js';
import { answer, MUTATING, OPERATIONS, type OperationName, SERVICES } from '../support/random/library.js';

let services: BootedServices;
const calls = new Map<string, Call[]>();

/** The operations of the library as handlers, in every service. */
function handlers(names: readonly OperationName[]): Record<string, TestOperation> {
  const handle =
    (operation: OperationName) =>
    (input: unknown, { service, workflowId, path, attempt }: OperationContext): unknown => {
      const known = calls.get(workflowId) ?? [];
      known.push({ service, operation, path, attempt, input });
      calls.set(workflowId, known);
      const { output, error } = answer(operation, input, attempt);
      if (error !== undefined) throw new HttpException({ message: error.code, code: error.code }, error.status);
      return output;
    };
  return Object.fromEntries(names.map((name) => [name, handle(name)]));
}

beforeAll(async () => {
  const mutates = handlers(OPERATIONS.filter((name) => MUTATING.has(name)));
  const reads = handlers(OPERATIONS.filter((name) => !MUTATING.has(name)));
  services = await bootServices({
    imports: SERVICES.map((service) =>
      serviceOf(
        service,
        { mutates, reads },
        { limits: { depth: 200, messageBytes: 4_000_000, incomingBytes: 5_000_000 } },
      ),
    ),
  });
});
afterAll(() => services.close());

/** What a generated cookbook does, and what it should do, as texts that compare. */
async function execute(
  seed: number,
): Promise<{ readonly seen: string; readonly wanted: string; readonly disorder: string | undefined }> {
  const cookbook = generateCookbook(seed);
  const { workflowId } = await services.orchestrator('alpha').start(cookbook, { input: API_INPUT });
  await services.settle();
  const end = services.hops.splice(0).at(-1)?.message ?? {};
  const expected = interpret(cookbook, API_INPUT, workflowId);
  const made = calls.get(workflowId) ?? [];
  calls.delete(workflowId);
  const tell = ({ service, path, attempt, operation, input }: Call): string => `${service}.${operation} ${path}#${attempt} ${timeless(input)}`; // prettier-ignore
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
  };
}

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

describe('generated cookbooks over three services', () => {
  it('do what a recursive interpreter does: outputs, failure, calls and their order, 1,000 of them', async () => {
    for (let seed = 1; seed <= 1_000; seed += 1) {
      const { seen, wanted, disorder } = await execute(seed);
      expect({ seed, disorder, ...(JSON.parse(seen) as object) }).toEqual({ seed, ...(JSON.parse(wanted) as object) });
    }
  }, 120_000);
});

describe('the comparison sees', () => {
  type Break = () => () => void;

  /** Replaces a method until the returned function is called. */
  function replace<T extends object, K extends keyof T>(owner: T, name: K, make: (original: T[K]) => T[K]): () => void {
    const original = owner[name];
    owner[name] = make(original);
    return () => {
      owner[name] = original;
    };
  }

  const planted: readonly (readonly [string, Break])[] = [
    ['lanes that count their items from zero', () => replace(foreach, 'label', () => (frame) => `[${frame.index}]`)],
    [
      'lanes that are joined in the wrong order',
      () =>
        replace(foreach, 'merge', (merge) => (step, lanes) => merge?.(step, lanes.toReversed()) ?? (lanes[0] as never)),
    ],
    [
      'branches that are joined in the wrong order',
      () =>
        replace(
          forkJoin,
          'merge',
          (merge) => (step, parts) => merge?.(step, parts.toReversed()) ?? (parts[0] as never),
        ),
    ],
    [
      'a switch that takes its default for every value',
      () => replace(choice, 'enter', (enter) => (step, entering) => enter({ ...step, cases: {} }, entering)),
    ],
    [
      'an index that is always the first',
      () =>
        replace(RunScope.prototype, 'root', (root) => {
          return function (this: RunScope, name) {
            return name === 'index' ? 0 : root.call(this, name);
          };
        }),
    ],
    [
      'every message delivered twice, and nobody to say which delivery counts',
      () => {
        const broker = services.app.get(MemoryBroker, { strict: false });
        const { publish } = broker;
        broker.publish = (message) => {
          publish.call(broker, message);
          publish.call(broker, message);
        };
        const mend = replace(MemoryStateStore.prototype, 'claim', () => (hop) => {
          const holder = { ...hop, seq: hop.seq ?? 1, token: 'any' };
          return Promise.resolve({ kind: 'granted', holder, journal: {}, at: 0 });
        });
        const record = replace(MemoryStateStore.prototype, 'record', () => () => Promise.resolve('ok'));
        const end = replace(MemoryStateStore.prototype, 'end', () => () => Promise.resolve('ok'));
        return () => {
          broker.publish = publish;
          for (const each of [mend, record, end]) each();
        };
      },
    ],
  ];
  it.each(planted)('%s', async (_, plant) => {
    const mend = plant();
    try {
      for (let seed = 1; seed <= 300; seed += 1) {
        const { seen, wanted, disorder } = await execute(seed);
        if (seen !== wanted || disorder !== undefined) return;
      }
    } finally {
      mend();
    }
    throw new Error('nobody noticed');
  });
});
