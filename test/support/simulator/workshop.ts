import { HttpException } from '@nestjs/common';
import type { Cookbook } from '../../../libs/orchestrator/src/cookbook/cookbook.js';
import type { OperationContext } from '../../../libs/orchestrator/src/operations/operation.js';
import { serviceOf, type TestOperation } from '../../../libs/orchestrator/src/testing/service-of.js';
import type { FaultPlan } from '../../../libs/orchestrator/src/testing/simulator/fault-plan.js';
import type { History } from '../../../libs/orchestrator/src/testing/simulator/history.js';
import { Simulation } from '../../../libs/orchestrator/src/testing/simulator/simulation.js';
import { API_INPUT } from '../random/cookbooks.js';
import { answer, MUTATING, OPERATIONS, type OperationName, SERVICES } from '../random/library.js';
import { differencesOf } from './differences.js';
import { type Boot, BOOTS } from './ways.js';

/** How one run of a generated cookbook goes. */
export interface Trial {
  readonly cookbook: Cookbook;
  readonly seed: number;
  readonly plan: FaultPlan;
  /** A failed run is requeued, once, at once, after what made it fail has been put right. */
  readonly requeue?: boolean;
  /** It is started a second time under its id, with another input. */
  readonly twice?: boolean;
  readonly traced?: boolean;
}

/** What a run showed. */
export interface Outcome {
  readonly history: History;
  /** Faults of the library: none. */
  readonly differences: readonly string[];
}

const LONGEST = { limits: { depth: 200, messageBytes: 4_000_000 } };

/** Three services on a stage, for generated cookbooks that see something else at every read. */
export class Workshop {
  private constructor(
    private readonly boot: Boot,
    readonly simulation: Simulation,
  ) {}

  static async open(boot: Boot): Promise<Workshop> {
    // Handlers need the stage to know in which epoch they are called.
    const epoch = { now: (): number => 0 };
    const mutates = handlers(OPERATIONS.filter((name) => MUTATING.has(name)), () => epoch.now()); // prettier-ignore
    const reads = handlers(OPERATIONS.filter((name) => !MUTATING.has(name)), () => epoch.now()); // prettier-ignore
    const imports = SERVICES.map((service) => serviceOf(service, { mutates, reads }, LONGEST));
    const simulation = await Simulation.open({ imports }, BOOTS[boot]);
    epoch.now = () => simulation.stage.context.current?.hop?.epoch ?? 0;
    return new Workshop(boot, simulation);
  }

  async run({ cookbook, seed, plan, requeue = false, twice = false, traced = false }: Trial): Promise<Outcome> {
    const { simulation } = this;
    let epochs = 1;
    simulation.stage.onTerminal = ({ destination, body }) => {
      if (!requeue || epochs > 1 || destination !== 'workflow.failed') return;
      epochs += 1;
      void simulation.orchestrator(SERVICES[0]).requeue(JSON.parse(body) as object);
    };
    const start = { input: API_INPUT, workflowId: 'simulated' };
    const begin = async (): Promise<void> => {
      const orchestrator = simulation.orchestrator(SERVICES[0]);
      await orchestrator.start(cookbook, start);
      if (twice) await orchestrator.start(cookbook, { ...start, input: { ...API_INPUT, n: 8 } });
    };
    const history = await simulation.run(begin, seed, plan, traced);
    const fenced = this.boot !== 'no-records';
    return { history, differences: differencesOf(cookbook, history, { epochs, fenced }) };
  }

  close(): Promise<void> {
    return this.simulation.close();
  }
}

function handlers(names: readonly OperationName[], epoch: () => number): Record<string, TestOperation> {
  const handle =
    (operation: OperationName) =>
    (input: unknown, { attempt }: OperationContext): unknown => {
      const draw = Math.floor(Math.random() * 1_000);
      const { output, error } = answer(operation, input, attempt, { draw, repaired: epoch() > 0 });
      if (error !== undefined) throw new HttpException({ message: error.code, code: error.code }, error.status);
      return output;
    };
  return Object.fromEntries(names.map((name) => [name, handle(name)]));
}
