import { hash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { Caller } from '../message/workflow-message.js';
import type { Vary } from '../operations/operation.js';
import { isForeign } from './json.js';

/** Of how entries and keys are made: a new version never reads what an older one wrote. */
const SCHEMA = 1;

/** What an answer is the answer to. */
export interface Question {
  readonly namespace: string;
  readonly service: string;
  readonly operation: string;
  /** Of the operation, as its `cache.version` says. */
  readonly version: string | number | undefined;
  /** `orchestrator`, `http`, `rpc`: a hit skips what each of them has around the handler. */
  readonly contextType: string;
  readonly caller: Caller;
  readonly vary: Vary;
  /** JSON: the resolved input, and whatever else the answer depends on. */
  readonly input: unknown;
}

/**
 * The key of an answer: readable as far as who and what, and a hash of everything that makes it the answer to this question
 * alone, in canonical JSON (RFC 8785): the order of keys does not matter, `1` and `"1"` are two.
 *
 * @returns `undefined` for an input that is no JSON
 */
export function keyOf({
  namespace,
  service,
  operation,
  version,
  contextType,
  caller,
  vary,
  input,
}: Question): string | undefined {
  const who = VARIES_BY[vary](caller);
  const asked = canonical([who, input ?? null]);
  if (asked === undefined) return undefined;
  // What is declared is texts and numbers, canonical as JSON writes them, and that is faster.
  const declared = JSON.stringify([namespace, SCHEMA, service, operation, version ?? null, contextType, vary]);
  const digest = hash('sha256', `${declared.slice(0, -1)},${asked.slice(1)}`, 'base64url');
  const [tenant = '', workspace = '', person = ''] = who.map((id) => (id === null ? '' : part(String(id))));
  return `workflow:step:${service}:${part(operation)}:t${tenant}:w${workspace}:p${person}:${digest}`;
}

type Id = string | number | null;

/** Whose answer it is. Fewer than three: shared by all who have these in common. */
const VARIES_BY: Readonly<Record<Vary, (caller: Caller) => readonly Id[]>> = {
  person: ({ tenantId = null, workspaceId = null, personId = null }) => [tenantId, workspaceId, personId],
  workspace: ({ tenantId = null, workspaceId = null }) => [tenantId, workspaceId],
  tenant: ({ tenantId = null }) => [tenantId],
  none: () => [],
};

function canonical(value: unknown): string | undefined {
  try {
    return isJson(value) ? canonicalize(value) : undefined;
  } catch {
    return undefined;
  }
}

/** Two maps, or two functions, would be one and the same canonical JSON. */
const isJson = (value: unknown): boolean =>
  !isForeign(value) && (typeof value !== 'object' || value === null || Object.values(value).every(isJson));

/** Nothing raw in the name of a key: it may be a pattern, or a command, to somebody. A buffer makes half a character a whole one. */
const part = (text: string): string =>
  encodeURIComponent(Buffer.from(text).toString()).replaceAll('*', '%2A').slice(0, 64);
