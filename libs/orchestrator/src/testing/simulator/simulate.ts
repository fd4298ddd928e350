import type { ModuleMetadata } from '@nestjs/common';
import type { StartOptions } from '../../execution/first-message.js';
import { InvalidArgumentError } from '../../errors/invalid-argument.error.js';
import { COMPLETED, FAILED } from '../../transports/destinations.js';
import { suggestion } from '../../utils/nearest.js';
import { ServiceDirectory } from '../../service-directory.js';
import { type FaultPlan, type Faults, OneFault, RandomFaults } from './fault-plan.js';
import { differences } from './comparison.js';
import type { History } from './history.js';
import { violationsOf } from './invariants.js';
import { SeededRandom } from './seeded-random.js';
import { Simulation } from './simulation.js';

/** What {@link simulate} runs, how often, and what goes wrong meanwhile. */
export interface SimulateOptions {
  /** The application's modules. Their transports and state stores are replaced; everything else is the real thing. */
  readonly imports: NonNullable<ModuleMetadata['imports']>;
  /** The name of one of a service's cookbooks, or a document. */
  readonly cookbook: string | object;
  /** The service that starts it. Default: the first one that has a cookbook of that name, or the first. */
  readonly service?: string;
  /** What the run is started with. Default: the cookbook's own input. */
  readonly input?: unknown;
  /** What else it is started with. */
  readonly start?: Omit<StartOptions, 'input' | 'workflowId'>;
  /** Runs with faults. Default 200. */
  readonly runs?: number;
  /** Seed of the first run; each next run has the next one. Default 1. */
  readonly seed?: number;
  /** What goes wrong in a run. Default: one crash, everything in any order. */
  readonly faults?: Faults;
  /** Puts back what handlers changed: called before every run, also before the one without faults. */
  readonly reset?: () => unknown;
  /** What handlers did to the world outside in this run, as JSON: it must be the same with faults and without, as it is where each effect heeds its idempotency key. */
  readonly effects?: () => unknown;
  /** How the run ends without faults. Default `completed`: a run that fails anyway, for its input or a service that is missing, shows nothing. */
  readonly expect?: 'completed' | 'failed';
  /** `false`: outputs differ from run to run, so only how the run ends and its effects are compared. Default `true`. */
  readonly outputs?: boolean;
}

/** A run that was not as it must be. */
export interface SimulationFailure {
  readonly seed: number;
  /** What is wrong, or differs from the run of this seed without faults. */
  readonly differences: readonly string[];
  /** What had been done to it. */
  readonly faults: readonly string[];
  /** Every call that a hop made, in order. */
  readonly trace: readonly string[];
  /** All of it as text, and how to run it again. */
  readonly text: string;
}

/** What came of a simulation. */
export interface SimulationReport {
  readonly runs: number;
  /** Of the first run. */
  readonly seed: number;
  /** How many faults were injected in all. */
  readonly faults: number;
  /** None: every run ended once, as it would have without faults. At most ten, then no further run is made. */
  readonly failures: readonly SimulationFailure[];
}

/** Failures after which nothing new is learnt. */
const MOST_FAILURES = 10;
const WORKFLOW_ID = 'simulated';

/**
 * Runs a cookbook again and again, with the application's real modules and the real hop, while processes die before or after
 * any call of a port or a handler, messages come twice and overtake each other, leases are lost and the state store fails. All
 * of it follows from the seed: a failing one fails again. Time takes none.
 *
 * Each run is compared with the same one without faults: how it ended, its outputs, and which operations that change something
 * were executed with which input. Such an operation may be executed twice where a fault lost its outcome between its act and
 * its record; wherever it was not lost, a repeat is a failure. While it runs, `Math.random` is the seed's.
 *
 * @example
 * const report = await simulate({ imports: [OrdersModule, PaymentsModule], cookbook: 'order-to-cash', input, runs: 500,
 *   faults: { crash: 2, double: 0.2, reorder: true }, reset: () => gateway.clear(), effects: () => gateway.charges() });
 * expect(report.failures.map(({ text }) => text)).toEqual([]);
 *
 * @throws what starting the run throws, such as InvalidCookbookError; InvalidArgumentError for an option that does not exist, and
 * when the run does not end as `expect` says although nothing goes wrong
 */
export async function simulate(options: SimulateOptions): Promise<SimulationReport> {
  refuseUnknown('simulate: unknown option', options, OPTIONS);
  refuseUnknown('simulate: unknown fault', options.faults ?? {}, FAULTS);
  const { imports, runs = 200, seed = 1 } = options;
  const simulation = await Simulation.open({ imports });
  try {
    const rehearsal = new Rehearsal(simulation, options);
    const failures: SimulationFailure[] = [];
    let [made, faults] = [0, 0];
    for (; made < runs && failures.length < MOST_FAILURES; made += 1) {
      const { failure, injected } = await rehearsal.run(seed + made);
      faults += injected;
      if (failure !== undefined) failures.push(failure);
    }
    return { runs: made, seed, faults, failures };
  } finally {
    await simulation.close();
  }
}

/** What a run came to, and what its handlers did outside. */
interface Made {
  readonly history: History;
  readonly effects: unknown;
}

const OPTIONS: Readonly<Record<keyof SimulateOptions, true>> = {
  imports: true, cookbook: true, service: true, input: true, start: true, runs: true, seed: true, faults: true, reset: true, effects: true, expect: true, outputs: true,
}; // prettier-ignore
const FAULTS: Readonly<Record<keyof Faults, true>> = {
  crash: true, stall: true, storeError: true, publishError: true, restart: true, failover: true, cancel: true, slow: true, double: true, reorder: true,
}; // prettier-ignore

function refuseUnknown(what: string, given: object, known: object): void {
  const names = Object.keys(known);
  for (const name of Object.keys(given)) {
    if (!names.includes(name))
      throw new InvalidArgumentError(`${what} "${name}". ${suggestion(name, 'There are', names)}`);
  }
}

/** A run that ends otherwise without any fault would be compared with nothing. */
function refuseOther({ terminals }: History, expected: 'completed' | 'failed'): void {
  const ends = terminals.filter(({ destination }) => destination === COMPLETED || destination === FAILED);
  const [end] = ends.map(
    ({ body }) => JSON.parse(body) as { status?: string; error?: { path?: string; message?: string } },
  );
  if (end === undefined || end.status === expected) return;
  const why = end.error === undefined ? '' : ` (${end.error.path ?? '?'}: ${end.error.message ?? ''})`;
  throw new InvalidArgumentError(
    `simulate: without any fault the run ends as ${String(end.status)}${why}, and ${expected} was expected. Mend its input and imports, or say how it is to end: expect: '${String(end.status)}'.`,
  );
}

class Rehearsal {
  private readonly service: string;

  constructor(
    private readonly simulation: Simulation,
    private readonly options: SimulateOptions,
  ) {
    this.service = options.service ?? this.starter();
  }

  async run(seed: number): Promise<{ readonly failure: SimulationFailure | undefined; readonly injected: number }> {
    const { faults = { crash: 1, reorder: true } } = this.options;
    const wanted = await this.make(seed, new OneFault(-1, 'pass'));
    refuseOther(wanted.history, this.options.expect ?? 'completed');
    const plan = (): FaultPlan => new RandomFaults(new SeededRandom(seed), faults, wanted.history.calls);
    const made = await this.make(seed, plan());
    const found = this.compare(made, wanted);
    const injected = made.history.faults.length;
    if (found.length === 0) return { failure: undefined, injected };
    const { history } = await this.make(seed, plan(), true);
    return { failure: failureOf(seed, found, history), injected };
  }

  private async make(seed: number, plan: FaultPlan, traced = false): Promise<Made> {
    const { cookbook, input, start, reset, effects } = this.options;
    await reset?.();
    const orchestrator = this.simulation.orchestrator(this.service);
    const begin = (): Promise<unknown> => orchestrator.start(cookbook, { ...start, input, workflowId: WORKFLOW_ID });
    const history = await this.simulation.run(begin, seed, plan, traced);
    return { history, effects: await effects?.() };
  }

  private compare(made: Made, wanted: Made): string[] {
    const violations = [
      ...violationsOf(wanted.history).map((each) => `without any fault: ${each}`),
      ...violationsOf(made.history),
    ];
    const { recordLost, cancelled } = made.history;
    if (violations.length > 0 || recordLost || cancelled) return violations;
    const found = differences(made.history, wanted.history, this.options.outputs ?? true);
    const [seen, due] = [made.effects, wanted.effects].map((each) => JSON.stringify(each));
    if (seen !== due) found.push(`effects outside: ${seen}\n  instead of ${due}`);
    return found;
  }

  private starter(): string {
    const { names } = this.simulation.app.get(ServiceDirectory, { strict: false });
    const { cookbook } = this.options;
    const has = (name: string): boolean =>
      typeof cookbook === 'string' && this.simulation.orchestrator(name).cookbooks.has(cookbook);
    return names.find(has) ?? names[0] ?? '';
  }
}

function failureOf(seed: number, found: readonly string[], { faults, trace }: History): SimulationFailure {
  const text = [
    `Seed ${seed}:`,
    ...found.map((each) => `- ${each}`),
    'after',
    ...faults.map((each) => `- ${each}`),
    `To run it again: simulate({ …the same, seed: ${seed}, runs: 1 }); failures[0].trace has its calls.`,
  ].join('\n');
  return { seed, differences: found, faults, trace, text };
}
