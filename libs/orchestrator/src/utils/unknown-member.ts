import { suggestion } from './nearest.js';

/** What to say of a member that an object must not have: which one, what may have been meant, and what there is. */
export function unknownMember(of: object, members: readonly string[], kind = 'member'): string | undefined {
  const unknown = Object.entries(of).find(([name, value]) => value !== undefined && !members.includes(name))?.[0];
  return unknown === undefined ? undefined : `there is no ${kind} "${unknown}". ${suggestion(unknown, `Its ${kind}s`, members)}`; // prettier-ignore
}
