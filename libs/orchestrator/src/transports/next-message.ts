import { randomUUID } from 'node:crypto';
import { modeOf } from '../engine/advance.js';
import { checkpoint } from '../engine/checkpoint.js';
import { lineOf } from '../engine/parts.js';
import type { Run } from '../engine/run.js';
import { PROTOCOL, type JsonObject, type WorkflowMessage } from '../message/workflow-message.js';
import { changed } from '../utils/changed.js';

/** The message of a run where it stands now; what concerned only the way of the one before is gone. */
export function asItStands(run: Run): WorkflowMessage {
  return changed(changed(run.message, checkpoint(run)), {
    carry: undefined,
    purgeDebt: undefined,
    unroutableSince: undefined,
    waitingSince: undefined,
  });
}

/** Where a newly built message stands on its line, which is the run's. */
interface Place {
  readonly seq: number;
  readonly hops: number;
  readonly carry?: JsonObject;
}

/** A new message of the run: the next of its line, the first of a part's, or what goes on after a join. */
export function messageOf(run: Run, { seq, hops, carry = {} }: Place): WorkflowMessage {
  return changed(asItStands(run), {
    lenient: modeOf(run.message) === 'lenient' ? (true as const) : undefined,
    protocol: PROTOCOL,
    line: lineOf(run),
    seq,
    hopId: randomUUID(),
    hops: run.ended > 0 ? 0 : hops,
    carry: Object.keys(carry).length === 0 ? undefined : carry,
  });
}
