import { modeOf } from '../engine/advance.js';
import { restore } from '../engine/checkpoint.js';
import type { Run } from '../engine/run.js';
import { OrchestratorError } from '../errors/orchestrator.error.js';
import type { MessageCodec } from '../message/message.codec.js';
import type { WorkflowMessage } from '../message/workflow-message.js';
import type { Clock } from '../utils/clock.js';
import type { Planner } from './planner.js';

/** Why a message is no run, and whose it is where that can be told. */
export interface Refusal {
  readonly refusal: OrchestratorError;
  readonly message: WorkflowMessage | undefined;
}

/** In: the run that a message holds. */
export class MessageReader {
  constructor(
    private readonly service: string,
    private readonly codec: MessageCodec,
    private readonly planner: Planner,
    private readonly clock: Clock,
  ) {}

  read(body: string): Run | Refusal {
    let message: WorkflowMessage | undefined;
    try {
      message = this.codec.decode(body);
      const plan = this.planner.plan(message.cookbook, modeOf(message));
      return restore(message, plan, this.service, this.clock.now());
    } catch (error) {
      if (error instanceof OrchestratorError) return { refusal: error, message };
      throw error;
    }
  }

  /** The message alone, of one that breaks whatever looks further; `undefined` where that cannot be read either. */
  decoded(body: string): WorkflowMessage | undefined {
    try {
      return this.codec.decode(body);
    } catch {
      return undefined;
    }
  }

  /** What could be read before, as it was. */
  again(body: string): Run {
    const run = this.read(body);
    if ('refusal' in run) throw run.refusal;
    return run;
  }
}
