import type { Caller } from '../message/workflow-message.js';
import { describe } from '../utils/describe.js';
import { isRecord } from '../utils/is-record.js';

const IDS = ['tenantId', 'workspaceId', 'personId'] as const;

/**
 * What the option `caller` has said, typed or not: an id that is `null` is none, as a database says it.
 * @throws TypeError for what is no caller: it would pass for somebody without ids, as whom everybody is answered alike
 */
export function callerFrom(said: unknown): Caller | undefined {
  if (said === undefined || said === null) return undefined;
  if (!isRecord(said)) throw new TypeError(`it must answer { tenantId?, workspaceId?, personId? } or undefined (got ${describe(said)})`); // prettier-ignore
  for (const id of IDS) {
    const value = said[id] ?? '';
    if (typeof value !== 'string' && typeof value !== 'number') throw new TypeError(`${id} must be a text or a number (got ${describe(value)})`); // prettier-ignore
  }
  if (!IDS.some((id) => said[id] === null)) return said;
  return { ...said, ...Object.fromEntries(IDS.map((id) => [id, said[id] ?? undefined])) };
}
