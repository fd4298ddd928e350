import type { INestApplicationContext } from '@nestjs/common';
import { modeOf, resume } from '../../../libs/orchestrator/src/engine/advance.js';
import { restore } from '../../../libs/orchestrator/src/engine/checkpoint.js';
import { reentered } from '../../../libs/orchestrator/src/engine/parts.js';
import type { Run } from '../../../libs/orchestrator/src/engine/run.js';
import { Planner } from '../../../libs/orchestrator/src/execution/planner.js';
import { MessageCodec } from '../../../libs/orchestrator/src/message/message.codec.js';
import { messageOfTerminal } from '../../../libs/orchestrator/src/message/terminal.js';
import { workflowOf } from '../../../libs/orchestrator/src/transports/destinations.js';
import { messageOf } from '../../../libs/orchestrator/src/transports/next-message.js';
import type { OutgoingMessage } from '../../../libs/orchestrator/src/transports/workflow.transport.js';

/** The message that makes a failed run go on where it failed, in the next epoch. */
export function requeued(app: INestApplicationContext, terminal: string, here: string): OutgoingMessage {
  const codec = app.get(MessageCodec, { strict: false });
  const message = messageOfTerminal(terminal, codec);
  const plan = app.get(Planner, { strict: false }).plan(message.cookbook, modeOf(message));
  const again = (): Run => {
    const run = restore(message, plan, here, 0);
    return { ...run, frames: reentered(run), attempt: 1 };
  };
  const next = resume(again());
  const service = next.kind === 'execute' || next.kind === 'forward' ? next.service : here;
  const sent = { ...messageOf(again(), { seq: (message.seq ?? 0) + 1, hops: 0 }), epoch: message.epoch + 1 };
  return { destination: workflowOf(service), body: codec.encode(sent), messageId: sent.hopId };
}
