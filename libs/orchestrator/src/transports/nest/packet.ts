import { randomUUID } from 'node:crypto';
import { textOf } from '../../message/payload.js';
import { isRecord } from '../../utils/is-record.js';

/** A workflow message as the data of an event of Nest: what a handler of `workflow.completed`, for one, is given. */
export interface Packet {
  readonly message_id: string;
  /** The message, as JSON text. */
  readonly body: string;
  /** Milliseconds since the epoch before which it is not to be delivered. */
  readonly due?: number;
  /** How often it was delivered before it was published anew, and not settled. */
  readonly failed_deliveries?: number;
}

/** What an event brought. Others than this library send the message itself, as text, bytes or an object. */
export function packetOf(data: unknown): Packet {
  return isPacket(data) ? data : { message_id: randomUUID(), body: textOf(data) };
}

/** Whether it is what this library sends. */
export function isPacket(data: unknown): data is Packet {
  if (!isRecord(data)) return false;
  const { message_id, body, due = 0, failed_deliveries = 0 } = data;
  return (
    [message_id, body].every((text) => typeof text === 'string') && [due, failed_deliveries].every(Number.isFinite)
  );
}
