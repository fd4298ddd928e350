import { createHash } from 'node:crypto';
import { FAILED, isReplies, workflowOf } from '../destinations.js';
import type { MessageHandler, OutgoingMessage } from '../workflow.transport.js';
import type { Publication } from './confirmed.publisher.js';
import type { Delivery } from './consumer.js';
import { entryOf } from './delay-ladder.js';

// A message of ours as RabbitMQ has it, and back.

/** How often a message was delivered before it was published anew, and not settled. */
const FAILED_DELIVERIES = 'x-orchestrator-failed-deliveries';

/** A delivery as it is told to whoever handles it. */
export const incoming = (delivery: Delivery): Parameters<MessageHandler>[0] => ({
  body: delivery.content.toString(),
  messageId: delivery.messageId,
  deliveries: deliveriesOf(delivery),
});

/** This time and those before it was published anew included. */
export const deliveriesOf = ({ deliveries, headers }: Delivery): number =>
  Number(headers[FAILED_DELIVERIES] ?? 0) + deliveries;

/** AMQP has 255 bytes for a message's id. */
const LONGEST_ID = 255;

/** The id itself, or what only that one has. */
export const idOnTheWire = (id: string): string =>
  Buffer.byteLength(id) <= LONGEST_ID ? id : `sha256:${createHash('sha256').update(id).digest('hex')}`;

/** A message as RabbitMQ is to take it. @throws InvalidArgumentError for a delay that is longer than the ladder */
export function publicationOf({
  destination,
  body,
  messageId,
  delay = 0,
  failedDeliveries = 0,
}: OutgoingMessage): Publication {
  const headers = failedDeliveries > 0 ? { headers: { [FAILED_DELIVERIES]: failedDeliveries } } : {};
  const message = { content: Buffer.from(body), messageId: idOnTheWire(messageId), ...headers };
  const anchored = { mandatory: destination, anchored: true };
  if (delay > 0) return { ...message, ...entryOf(delay, destination), ...anchored };
  if (destination === FAILED) return { ...message, exchange: destination, key: '', ...anchored };
  if (destination.endsWith(workflowOf(''))) {
    return { ...message, exchange: '', key: destination, mandatory: destination };
  }
  return isReplies(destination)
    ? { ...message, exchange: '', key: destination }
    : { ...message, exchange: destination, key: '' };
}

/** A delivery, to be delivered by another queue: with the count of those before, and nothing that others may have put there. */
export function movedTo(queue: string, delivery: Delivery): Publication {
  const { content, messageId } = delivery;
  const headers = { [FAILED_DELIVERIES]: deliveriesOf(delivery) - 1 };
  return { exchange: '', key: queue, content, messageId, headers, mandatory: queue };
}
