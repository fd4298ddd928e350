import type { Caller } from '../message/workflow-message.js';
import { describe } from '../utils/describe.js';
import { isId } from '../utils/is-id.js';
import { isRecord } from '../utils/is-record.js';
import { listed } from '../utils/nearest.js';
import { isForeign } from './json.js';

const IDS = ['tenantId', 'workspaceId', 'personId'] as const;

/**
 * A caller as somebody has said it, typed or not: an id that is `null` is none, as a database says it.
 * @throws TypeError for what is no caller: it would pass for somebody without ids, as whom everybody is answered alike
 */
export function callerFrom(said: unknown): Caller | undefined {
  if (said === undefined || said === null) return undefined;
  if (!isRecord(said) || isForeign(said)) throw noCaller(describe(said));
  const members = Object.keys(said);
  // Another's user, `{ userId, username }`, is somebody; without ids he would be nobody.
  if (members.length > 0 && !IDS.some((id) => id in said)) throw noCaller(listed(members));
  for (const id of IDS) {
    const value = said[id] ?? undefined;
    if (value === undefined || isId(value)) continue;
    throw new TypeError(`${id} of the caller must be a text that is not empty, or a number (got ${describe(value)}).`);
  }
  if (!IDS.some((id) => said[id] === null)) return said;
  return { ...said, ...Object.fromEntries(IDS.map((id) => [id, said[id] ?? undefined])) };
}

const noCaller = (got: string): TypeError =>
  new TypeError(
    `A caller is { tenantId?, workspaceId?, personId? }, or undefined (got ${got}). Map what you have, such as ` +
      '({ tenantId: user.tenant, personId: user.userId }).',
  );
