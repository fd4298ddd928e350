import type { ModuleMetadata } from '@nestjs/common';
import { Test, type TestingModuleBuilder } from '@nestjs/testing';
import { MemoryCoherence } from '../../cache/memory/memory.coherence.js';
import { Brackets } from '../../cache/brackets.js';
import { getOrchestratorToken } from '../../decorators/inject-orchestrator.decorator.js';
import type { INestApplicationContext } from '@nestjs/common';
import { OperationRegistry } from '../../operations/operation.registry.js';
import type { WorkflowOrchestrator } from '../../orchestrator.service.js';
import { StateStore } from '../../state/state.store.js';
import { WorkflowTransport } from '../../transports/workflow.transport.js';
import { Clock } from '../../utils/clock.js';
import type { FaultPlan } from './fault-plan.js';
import type { History } from './history.js';
import { SimulatedCoherence } from './simulated.coherence.js';
import { SimulatedOperationRegistry } from './simulated.registry.js';
import { SimulatedStateStore } from './simulated.store.js';
import { SimulatedTransport } from './simulated.transport.js';
import { SeededRandom } from './seeded-random.js';
import { Stage } from './stage.js';

/** How the application is simulated. */
export interface SimulationOptions {
  /** The transport outlives the store: parts that have ended wait as messages. Default `true`. */
  readonly durable?: boolean;
  /** What keeps the run records. Default: the store in memory. */
  readonly records?: (clock: Clock) => StateStore;
  /** The step cache of the services is on, with tokens that outlive every process. Default `false`: reads are executed. */
  readonly cached?: boolean;
  /** Replaces other providers. */
  readonly override?: (builder: TestingModuleBuilder) => TestingModuleBuilder;
}

/** An application on a stage, booted once for any number of runs. */
export class Simulation {
  private constructor(
    readonly app: INestApplicationContext,
    readonly stage: Stage,
    private readonly store: SimulatedStateStore,
  ) {}

  static async open(
    metadata: ModuleMetadata,
    { durable = true, records, cached = false, override = (builder) => builder }: SimulationOptions = {},
  ): Promise<Simulation> {
    const stage = new Stage();
    const store = new SimulatedStateStore(stage, records);
    stage.onRestart = () => {
      store.restart();
    };
    stage.onFailover = (writes) => {
      store.failOver(writes);
    };
    stage.onCancel = (workflowId) => {
      void store.cancel(workflowId).then(({ status }) => {
        if (status === 'cancelling') stage.history.cancelled = true;
      });
    };
    const builder = Test.createTestingModule(metadata)
      .overrideProvider(Clock)
      .useValue(stage.clock)
      .overrideProvider(OperationRegistry)
      .useValue(new SimulatedOperationRegistry(stage))
      .overrideProvider(MemoryCoherence)
      .useValue(new SimulatedCoherence(stage))
      .overrideProvider(StateStore)
      .useValue(store)
      .overrideProvider(WorkflowTransport)
      .useFactory({ factory: () => new SimulatedTransport(stage, durable) });
    if (!cached) {
      const off = (operations: OperationRegistry): Brackets => Brackets.off('simulated', operations, stage.clock);
      builder.overrideProvider(Brackets).useFactory({ inject: [OperationRegistry], factory: off });
    }
    const module = await override(builder).compile();
    module.useLogger(false);
    return new Simulation(await module.init(), stage, store);
  }

  orchestrator(service: string): WorkflowOrchestrator {
    return this.app.get<WorkflowOrchestrator>(getOrchestratorToken(service), { strict: false });
  }

  /**
   * One run, from `start` until nothing is left to happen. What the library and handlers draw from `Math.random` comes from
   * the seed too.
   */
  async run(start: () => Promise<unknown>, seed: number, plan: FaultPlan, traced = false): Promise<History> {
    const { random } = Math;
    const draws = new SeededRandom(seed);
    Math.random = () => draws.next();
    try {
      this.store.restart();
      const history = this.stage.begin(plan, traced);
      await start();
      await this.stage.settle();
      return history;
    } finally {
      Math.random = random;
    }
  }

  close(): Promise<void> {
    return this.app.close();
  }
}
