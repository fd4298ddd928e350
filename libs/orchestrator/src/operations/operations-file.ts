import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ConfigurationError } from '../errors/configuration.error.js';
import { describe } from '../utils/describe.js';
import { isRecord } from '../utils/is-record.js';
import { compileSchema } from '../utils/json-schema.js';
import { parseJson } from '../utils/parse-json.js';
import { listProblems } from '../utils/problem.js';
import type { CacheTraits, OperationLookup, OperationTraits, ResourceRef } from './operation.js';
import { CACHE, READS, SENSITIVE } from './traits.schema.js';

/**
 * Where a service's operations are described beside the decorators: a path to an `operations.json` (relative to the
 * working directory), the same as a map, or a function that is asked at every step.
 */
export type OperationsSource = string | OperationsDocument | OperationLookup;

/** `operations.json`: operations by name, or `{ "operations": { … } }`. */
export type OperationsDocument = OperationEntries | { readonly operations: OperationEntries };
/** Operations by name. */
export type OperationEntries = Readonly<Record<string, OperationEntry>>;

/** What `operations.json` says of one operation. Everything is optional; `null` is as good as absent. */
export interface OperationEntry {
  readonly description?: string;
  readonly mutates?: boolean | null;
  /** The resource that a mutation changes; `resource_id` is the input field that says which one. */
  readonly resource_type?: string | null;
  readonly resource_id?: string | null;
  /** Resources that a read depends on: names, or `{ resource, id?, service? }`. */
  readonly reads?: readonly (string | ResourceRef)[] | null;
  readonly sensitive_input_fields?: readonly string[] | null;
  /** JSON Schemas, draft 2020-12. */
  readonly input?: object | null;
  readonly output?: object | null;
  readonly cache?: boolean | Omit<CacheTraits, 'key'> | null;
}

/** A source, read. */
export interface DeclaredOperations {
  /** As messages name it. */
  readonly place: string;
  readonly traits: ReadonlyMap<string, OperationTraits>;
  readonly lookup?: OperationLookup;
}

const TEXT = { type: ['string', 'null'] };
const SCHEMA = { type: ['object', 'null'], description: 'Give a JSON Schema.' };
const KEYS = {
  description: TEXT,
  mutates: { type: ['boolean', 'null'], description: 'Give true or false.' },
  resource_type: { ...TEXT, description: 'Name the resource that the operation changes.' },
  resource_id: { ...TEXT, description: 'Name the input field that says which instance of resource_type.' },
  reads: { type: ['array', 'null'], ...READS },
  sensitive_input_fields: { type: ['array', 'null'], ...SENSITIVE },
  input: SCHEMA,
  output: SCHEMA,
  cache: { type: ['boolean', 'object', 'null'], ...CACHE },
};

const check = compileSchema(
  {
    type: 'object',
    additionalProperties: {
      type: 'object',
      properties: KEYS,
      dependentRequired: { resource_id: ['resource_type'] },
      additionalProperties: false,
    },
  },
  { show: describe },
);

/** @throws ConfigurationError naming the file, and for each mistake the operation, the key, what was found and the fix */
export async function readOperations(source: OperationsSource = {}): Promise<DeclaredOperations> {
  if (typeof source === 'function') return { place: 'the operations lookup', traits: new Map(), lookup: source };
  const place = typeof source === 'string' ? source : 'the operations option';
  const entries = entriesOf(typeof source === 'string' ? await readJson(source) : source);
  const problems = check(entries);
  if (problems.length > 0) {
    const keys = Object.keys(KEYS).join(', ');
    throw new ConfigurationError(
      `${place} does not describe operations by name:${listProblems(problems)}\nAn operation may have: ${keys}.`,
    );
  }
  return {
    place,
    traits: new Map(Object.entries(entries as OperationEntries).map(([name, entry]) => [name, traitsOf(entry)])),
  };
}

async function readJson(path: string): Promise<unknown> {
  const file = resolve(path);
  try {
    return parseJson(await readFile(file, 'utf8'));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigurationError(
      `operations: ${JSON.stringify(path)} cannot be read: ${reason}. It is looked for at ${file}, relative to the working ` +
        'directory, and must be JSON.',
      { cause },
    );
  }
}

/** `operations` may itself name an operation: then it holds that operation's keys, not operations. */
function entriesOf(document: unknown): unknown {
  const inner = isRecord(document) ? document['operations'] : undefined;
  return isRecord(inner) && Object.values(inner).every(isRecord) ? inner : document;
}

function traitsOf(entry: OperationEntry): OperationTraits {
  const { mutates, resource_type: resource, resource_id: id, reads, sensitive_input_fields: sensitive } = entry;
  const given = {
    mutates,
    mutated: resource == null ? null : { resource, ...(id == null ? {} : { id }) },
    reads: reads?.map((read) => (typeof read === 'string' ? { resource: read } : read)),
    sensitiveInputFields: sensitive,
    input: entry.input,
    output: entry.output,
    cache: entry.cache,
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value != null));
}
