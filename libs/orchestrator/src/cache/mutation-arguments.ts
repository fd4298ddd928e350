import type { Caller } from '../message/workflow-message.js';
import { describe } from '../utils/describe.js';
import { isId } from '../utils/is-id.js';
import { isRecord } from '../utils/is-record.js';
import { unknownMember } from '../utils/unknown-member.js';
import { callerFrom } from './caller-from.js';
import type { Changed } from './tags.js';

/** What a writer that is no handler changes: an instance of a resource of this service, or all of it. */
export interface ChangedResource {
  readonly resource: string;
  /** Which instance. Default: any. */
  readonly id?: string | number;
}

/** For whom a writer that is no handler changes something. */
export interface MutationTerms {
  /** Default: nobody's tenant, so that no tenant is served what was before. */
  readonly caller?: Caller;
}

/** What `StepCache.mutation()` was given. */
export interface MutationArguments {
  readonly changes: readonly Changed[];
  readonly caller: Caller;
}

/** @throws TypeError for what would purge something else than is meant */
export function mutationArguments(service: string, changes: unknown, work: unknown, terms: unknown): MutationArguments {
  const list: readonly unknown[] = Array.isArray(changes) ? changes : [changes];
  for (const change of list) refuseMistakes(change);
  if (typeof work !== 'function') throw mistake(`the second argument must be a function that does the work (got ${describe(work)}).`); // prettier-ignore
  if (!isRecord(terms)) throw mistake(`the third argument must be { caller } (got ${describe(terms)}).`);
  refuseUnknown(terms, ['caller'] satisfies (keyof MutationTerms)[]);
  const named = (list as readonly ChangedResource[]).map(({ resource, id }) => ({ service, resource, id: id === undefined ? undefined : String(id) })); // prettier-ignore
  return { changes: named.length === 0 ? [{ service }] : named, caller: callerFrom(terms['caller']) ?? {} };
}

function refuseMistakes(change: unknown): void {
  if (!isRecord(change)) throw mistake(`what it changes must be { resource, id? }, a list of these, or [] for anything (got ${describe(change)}).`); // prettier-ignore
  refuseUnknown(change, ['resource', 'id'] satisfies (keyof ChangedResource)[]);
  const { resource, id } = change;
  if (typeof resource !== 'string' || resource === '') throw mistake(`resource must be a text that is not empty (got ${describe(resource)}).`); // prettier-ignore
  if (id === undefined || isId(id)) return;
  const fix = 'Name several instances as a list of { resource, id }, or leave the id out: then any of the resource.';
  const got = id instanceof Promise ? 'a promise' : describe(id);
  throw mistake(`id of "${resource}" must be a text that is not empty, or a number (got ${got}). ${fix}`);
}

function refuseUnknown(of: object, members: readonly string[]): void {
  const unknown = unknownMember(of, members);
  if (unknown !== undefined) throw mistake(unknown);
}

const mistake = (what: string): TypeError => new TypeError(`StepCache.mutation(): ${what}`);
