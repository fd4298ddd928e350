import { OrchestratorError } from '../../libs/orchestrator/src/index.js';
import type { BootedServices } from '../../libs/orchestrator/src/testing/index.js';
import { bootCase } from './case-services.js';
import { Dispatcher } from './dispatcher.js';
import { observationOf, refusal } from './observation.js';
import { quiet, untilIdle } from './quiet.js';
import type { Library, Observation, RecordedCase } from './recorded.js';
import { CaseLog, type RunLog } from './run-log.js';
import { Faults } from './faults.js';
import { firstMessage, type RunOfCase } from './run-message.js';
import { Wire } from './wire.js';

/**
 * Runs a recorded case through the library, as an application would use it, and tells what was seen: one observation a run.
 * It knows what cases are made of, and of no single case.
 */
export async function observe(of: RecordedCase, library: Library): Promise<Observation[]> {
  const runs = (of.sequence ?? [{}]).map((run): RunOfCase => ({ ...of, ...run }));
  const log = new CaseLog(of.secret_markers);
  const faults = new Faults();
  let services: BootedServices;
  try {
    services = await bootCase(of, library, faults, (workflowId, invocation) => {
      log.invoked(workflowId, invocation);
    });
  } catch (error) {
    if (error instanceof OrchestratorError) return runs.map(() => refusal(error, of));
    throw error;
  }
  try {
    return await new Stage(of, services, log, faults).play(runs);
  } finally {
    await services.close();
  }
}

/** A case's services while its runs come and go. */
class Stage {
  private readonly wire: Wire;
  private readonly dispatcher: Dispatcher;

  constructor(
    private readonly of: RecordedCase,
    private readonly services: BootedServices,
    private readonly log: CaseLog,
    private readonly faults: Faults,
  ) {
    this.wire = new Wire(services, faults, (message) => {
      log.published(message);
    });
    faults.arm(of.faults);
    this.dispatcher = new Dispatcher(log.runs, (service, body) => this.wire.deliver(service, body));
    services.orchestrator(of.services[0] ?? '').events$.subscribe((event) => {
      log.emitted(event);
    });
  }

  async play(runs: readonly RunOfCase[]): Promise<Observation[]> {
    const refused = new Map<RunLog, Observation>();
    for (const [at, run] of runs.entries()) {
      const { workflowId, service, body } = firstMessage(run, at + 1);
      const log = this.log.start(run, workflowId);
      if (run.faults !== this.of.faults) this.faults.arm(run.faults);
      const message = `There is no service ${service}.`;
      if (!(await this.wire.deliver(service, body)))
        refused.set(log, refusal({ code: 'UNROUTABLE', message }, this.of));
      if (run.with_next === true) await this.pass(run.settle_ms);
      else await this.settle();
    }
    await this.settle();
    return this.log.runs.map((log) => refused.get(log) ?? observationOf(log, this.of));
  }

  /** Lets happen what can until the next run starts. */
  private async pass(ms = 0): Promise<void> {
    await quiet(this.log);
    await this.services.clock.advance(ms);
    await quiet(this.log);
  }

  /** Lets everything happen that can, the answers of a dispatcher included. */
  private async settle(): Promise<void> {
    do await untilIdle(this.services, this.log);
    while (await this.dispatcher.answer());
  }
}
