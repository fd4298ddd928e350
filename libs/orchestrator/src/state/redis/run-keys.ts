import { createHash } from 'node:crypto';
import type { RunKeys } from './scripts/scripts.js';

/** Ids that stand in key names as they are: none of these characters means anything to Redis. */
const PLAIN = /^[\w.:-]{1,128}$/;

/** Where Redis keeps a run: both keys, and the channel, in one slot of a cluster. */
export interface RunPlace {
  readonly keys: RunKeys;
  /** Where its end is told. */
  readonly channel: string;
}

/** @param workflowId any text; what is not plain is hashed */
export function placeOf(namespace: string, workflowId: string): RunPlace {
  const id = PLAIN.test(workflowId) ? workflowId : `~${digest(workflowId)}`;
  const slot = `{${namespace}:${id}}`;
  return { keys: [`${slot}:run`, `${slot}:outputs`], channel: `${slot}:ended` };
}

/** Of the text as it is: UTF-8 has one form for all that is no character. */
const digest = (text: string): string => createHash('sha256').update(Buffer.from(text, 'utf16le')).digest('base64url');

/** A name as it stands in a field: without control characters, and never the same for two names. */
export const inField = (name: string): string => JSON.stringify(name).slice(1, -1);

/** The name that stands in a field. */
export const fromField = (field: string): string => JSON.parse(`"${field}"`) as string;
