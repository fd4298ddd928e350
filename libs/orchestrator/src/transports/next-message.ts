import { randomUUID } from 'node:crypto';
import { v5 } from 'uuid';
import { modeOf } from '../engine/advance.js';
import { checkpoint } from '../engine/checkpoint.js';
import { lineOf } from '../engine/parts.js';
import type { Run } from '../engine/run.js';
import { PROTOCOL, type JsonObject, type WorkflowMessage } from '../message/workflow-message.js';
import { changed } from '../utils/changed.js';

/** The message of a run where it stands now; what concerned only the way of the one before is gone. */
export function asItStands(run: Run): WorkflowMessage {
  return changed(changed(run.message, checkpoint(run)), { carry: undefined, unroutableSince: undefined });
}

/** Where a newly built message stands on its line, which is the run's. */
interface Place {
  readonly seq: number;
  readonly hops: number;
  /** Default: a random one. */
  readonly hopId?: string;
  readonly carry?: JsonObject;
}

/** A new message of the run: the next of its line, the first of a part's, or what goes on after a join. */
export function messageOf(run: Run, { seq, hops, hopId = randomUUID(), carry = {} }: Place): WorkflowMessage {
  return changed(asItStands(run), {
    lenient: modeOf(run.message) === 'lenient' ? (true as const) : undefined,
    protocol: PROTOCOL,
    line: lineOf(run),
    seq,
    hopId,
    hops: run.ended > 0 ? 0 : hops,
    carry: Object.keys(carry).length === 0 ? undefined : carry,
  });
}

/** Namespace of the ids that resumed runs get. Never to be changed: two deliveries of a hop must hand over the same. */
const RESUMED = '0d3f8a61-7c1e-4b52-8f0a-5b7f3f9d2c46';

/** The `hop_id` with which a run comes back that this hop hands over: the same at every delivery of it. */
export const resumedHopId = (hopId: string): string => v5(hopId, RESUMED);
