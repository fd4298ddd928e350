import type { Json } from './recorded.js';
import type { RunLog } from './run-log.js';
import { serviceAt } from './run-message.js';

/** Delivers what runs hand over, as their cases say, and reports: that resumes them at their `on_result` step. */
export class Dispatcher {
  private readonly answered = new Set<Json>();

  constructor(
    private readonly runs: readonly RunLog[],
    private readonly deliver: (service: string, body: string) => Promise<boolean>,
  ) {}

  /** Answers one run that was handed over. `false`: none waits for an answer. */
  async answer(): Promise<boolean> {
    for (const { run, handovers } of this.runs) {
      const handover = handovers.find((each) => !this.answered.has(each));
      if (handover === undefined || run.delivery_simulation === undefined) continue;
      this.answered.add(handover);
      const { cookbook, current_step } = handover;
      const answer = { ...handover, delivery_result: run.delivery_simulation };
      return this.deliver(serviceAt(run, cookbook, current_step), JSON.stringify(answer));
    }
    return false;
  }
}
