import { LimitExceededError } from '../errors/limit-exceeded.error.js';
import { MessageTooLargeError } from '../errors/message-too-large.error.js';
import type { Limits } from './limits.js';
import type { JsonObject } from './workflow-message.js';

type BytesLimit = 'messageBytes' | 'incomingBytes';

/** @throws MessageTooLargeError when the text has more bytes than that limit allows */
export function checkBytes(body: string, limit: BytesLimit, limits: Limits): void {
  const bytes = Buffer.byteLength(body);
  if (bytes > limits[limit]) throw new MessageTooLargeError(bytes, limit, limits[limit]);
}

/** Which of a document's dimensions are bounded, and how far. */
type Shape = Pick<Limits, 'depth' | 'nodes'>;

/**
 * Looks at every value of a JSON document once and stops at the first breach, so whatever walks it afterwards may recurse.
 * The document itself is nesting 1 and value 1; texts, numbers, booleans and `null` are values, and nest no deeper.
 * @param what it is, for the error
 * @throws LimitExceededError
 */
export function checkShape(document: object, { depth, nodes }: Shape, what = 'the workflow message'): void {
  let values = 1;
  const visit = (container: object, level: number): void => {
    if (level > depth) throw new LimitExceededError(`The nesting of ${what}`, 'depth', depth);
    if (Array.isArray(container)) {
      values += container.length;
      for (const item of container as readonly unknown[]) if (isContainer(item)) visit(item, level + 1);
    } else {
      // for…in is the fastest here. What an object may inherit is counted, and does no harm.
      for (const key in container) {
        values += 1;
        const value: unknown = (container as JsonObject)[key];
        if (isContainer(value)) visit(value, level + 1);
      }
    }
    if (values > nodes) throw new LimitExceededError(`The number of values in ${what}`, 'nodes', nodes);
  };
  visit(document, 1);
}

/**
 * The document as text, which every service with the same limits reads.
 * @throws MessageTooLargeError, LimitExceededError
 */
export function encodeWithin(document: object, limit: BytesLimit, limits: Limits): string {
  checkShape(document, limits);
  const body = JSON.stringify(document);
  checkBytes(body, limit, limits);
  return body;
}

/** Whether the error says that a message or a value is larger than it may be. */
export const isTooLarge = (error: unknown): error is MessageTooLargeError | LimitExceededError =>
  error instanceof MessageTooLargeError || error instanceof LimitExceededError;

const isContainer = (value: unknown): value is object => typeof value === 'object' && value !== null;
