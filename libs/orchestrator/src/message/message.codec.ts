import { InvalidMessageError } from '../errors/invalid-message.error.js';
import { ProtocolTooNewError } from '../errors/protocol-too-new.error.js';
import { describe } from '../utils/describe.js';
import { parseMoment } from '../utils/moment.js';
import { isRecord } from '../utils/is-record.js';
import { checkBytes, checkShape, encodeWithin } from './bounds.js';
import { fromEnvelope, toEnvelope, unnamed } from './envelope.js';
import type { Limits } from './limits.js';
import { PROTOCOL, type JsonObject, type WorkflowMessage } from './workflow-message.js';

/**
 * DECODE, and encode: between the text on the wire and a {@link WorkflowMessage}. What one service encodes, every other with
 * the same limits decodes to the same message.
 */
export class MessageCodec {
  constructor(readonly limits: Limits) {}

  /**
   * Bytes, nesting and number of values are checked before anything else looks at the text. Numbers are doubles, as in all
   * of JavaScript: one beyond their range reads as `Infinity`, and would be written as `null`. Of two equal keys the last counts.
   * @throws MessageTooLargeError, LimitExceededError above `limits`
   * @throws ProtocolTooNewError when a newer version wrote it; nothing else of it was judged
   * @throws InvalidMessageError naming the first field that is not as it must be
   */
  decode(body: string): WorkflowMessage {
    checkBytes(body, 'incomingBytes', this.limits);
    const envelope = parse(body);
    checkShape(envelope, this.limits);
    const { protocol } = envelope;
    if (typeof protocol === 'number' && protocol > PROTOCOL) throw new ProtocolTooNewError(protocol, PROTOCOL);
    return fromEnvelope(envelope, body);
  }

  /**
   * @param message whose cookbook, position and other documents are JSON already
   * @throws MessageTooLargeError, LimitExceededError above `limits`: another service would refuse it
   */
  encode(message: WorkflowMessage): string {
    return encodeWithin(toEnvelope(message), 'messageBytes', this.limits);
  }

  /** As `encode`, without a `hop_id`: whoever decodes the message gives it one that only the same text has. */
  encodeUnnamed(message: WorkflowMessage): string {
    return encodeWithin(unnamed(toEnvelope(message)), 'messageBytes', this.limits);
  }

  /** As `encode`, of a message that is put back: what it carries since it came may fill the room that receivers leave. */
  encodeMoved(message: WorkflowMessage): string {
    return encodeWithin(toEnvelope(message), 'incomingBytes', this.limits);
  }

  /** A message of a newer version, marked with the moment at which it was first met. Nothing else of it changes. */
  postponed(body: string, now: number): { readonly body: string; readonly since: number } {
    const envelope = parse(body);
    const since = parseMoment(envelope['unroutable_since']) ?? now;
    return { body: JSON.stringify({ ...envelope, unroutable_since: new Date(since).toISOString() }), since };
  }
}

function parse(body: string): JsonObject & { readonly protocol?: unknown } {
  let document: unknown;
  try {
    document = JSON.parse(body);
  } catch {
    // The parser's own error quotes the text, which may hold secrets: it is not passed on.
    throw new InvalidMessageError('body', `must be a JSON object (got ${body.length} characters that are no JSON).`);
  }
  if (typeof document === 'string') throw new InvalidMessageError('body', 'must be a JSON object (got a JSON text: it was encoded twice).'); // prettier-ignore
  if (!isRecord(document)) throw new InvalidMessageError('body', `must be a JSON object (got ${describe(document)}).`);
  return document;
}
