import { Ajv2020, type AnySchemaObject, type ErrorObject, type Options } from 'ajv/dist/2020.js';
import { fullFormats } from 'ajv-formats/dist/formats.js';
import { InvalidSchemaError } from '../errors/invalid-schema.error.js';
import { describe } from './describe.js';
import { isRecord } from './is-record.js';
import { nearest } from './nearest.js';
import { MAX_PROBLEMS, pathTo, type Problem } from './problem.js';

/** What is wrong with a value; empty when nothing is. */
export type SchemaCheck = (value: unknown) => readonly Problem[];

export interface TellOptions {
  /** How a found value is told. Default: its kind only, since a value may be a secret. */
  readonly show?: (value: unknown) => string;
  /** Values in a document up to which all its problems are told; of a larger one the first is. Default 5,000. */
  readonly atMost?: number;
}

const DIALECT = 'https://json-schema.org/draft/2020-12/schema';

const OPTIONS: Options = {
  verbose: true, // an error says the value and the schema it broke
  ownProperties: true, // nothing is inherited in JSON
  strict: false, // unknown keywords are annotations, as the standard has it
  formats: fullFormats,
  logger: false,
};

/**
 * Compiles a JSON Schema, draft 2020-12. Formats are checked, the value is never changed, and the compiled check lives and
 * dies with what refers to it: schemas of submitted documents leave nothing behind. A schema runs as code, its patterns
 * as regular expressions: it must come from someone who may slow this process down.
 *
 * @throws InvalidSchemaError for what is no schema, and for a `$ref` that leads nowhere; the check itself throws it for one
 * that leads in a circle
 */
export function compileSchema(schema: object, { show = kindOf, atMost = 5_000 }: TellOptions = {}): SchemaCheck {
  const problems = schemaProblems(schema);
  if (problems.length > 0) throw new InvalidSchemaError(problems);
  const first = compiled(schema, { allErrors: false });
  let all: typeof first | undefined;
  return (value) => {
    try {
      if (first(value)) return [];
      if (!isWithin(atMost, value)) return problemsOf(first.errors, value, show);
      all ??= compiled(schema, { allErrors: true });
      return all(value) ? [] : problemsOf(all.errors, value, show);
    } catch (cause) {
      throw cause instanceof RangeError ? endless(schema) : cause;
    }
  };
}

/** What only a value finds out: the stack was exhausted. */
function endless(schema: object): InvalidSchemaError {
  const fix = 'Let a $ref to a schema around it stand below a key of its own: under properties or items.';
  return new InvalidSchemaError([
    { path: '', message: 'refers to itself without an end', found: describe(schema), fix },
  ]);
}

/** What keeps a value from being a JSON Schema. References are not followed, no code is made of it. */
export function schemaProblems(schema: unknown): readonly Problem[] {
  const dialect = isRecord(schema) ? schema['$schema'] : undefined;
  if (dialect !== undefined && dialect !== DIALECT && dialect !== `${DIALECT}#`) {
    return [{ path: '$schema', message: 'must be draft 2020-12', found: describe(dialect), fix: `Use "${DIALECT}".` }];
  }
  if (isRecord(schema) && schema['$async'] !== undefined) {
    // Ajv would answer with a promise, which is always true.
    return [
      { path: '$async', message: 'is not supported', found: describe(schema['$async']), fix: 'Remove "$async".' },
    ];
  }
  metaSchema ??= new Ajv2020({ ...OPTIONS, allErrors: true }).getSchema(DIALECT);
  return metaSchema?.(schema) === false ? problemsOf(metaSchema.errors, schema, describe) : [];
}

/** Compiled at its first use. */
let metaSchema: ReturnType<Ajv2020['getSchema']>;

/** One Ajv per schema: an Ajv never forgets one. Without the meta-schema, which was asked already, it costs 0.4 ms. */
function compiled(schema: object, { allErrors }: { allErrors: boolean }): ReturnType<Ajv2020['compile']> {
  try {
    return new Ajv2020({ ...OPTIONS, allErrors, meta: false, validateSchema: false }).compile(schema);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const fix = 'Keep what it refers to in its own $defs.';
    throw new InvalidSchemaError([{ path: '', message: `does not compile: ${reason}`, found: describe(schema), fix }]);
  }
}

/**
 * Whether a document has at most so many values. Asked before all errors are: the time that Ajv takes to gather them grows
 * with the square of their number.
 */
function isWithin(limit: number, document: unknown): boolean {
  const open = [document];
  for (let seen = 1; open.length > 0; seen += 1) {
    const next = open.pop();
    const members: unknown[] = typeof next === 'object' && next !== null ? Object.values(next) : [];
    if (seen + open.length + members.length > limit) return false;
    open.push(...members);
  }
  return true;
}

function problemsOf(
  errors: readonly ErrorObject[] | null | undefined,
  root: unknown,
  show: (value: unknown) => string,
): readonly Problem[] {
  return (errors ?? [])
    .filter((error) => !isWrapper(error))
    .slice(0, MAX_PROBLEMS)
    .map((error) => problemOf(error, root, show));
}

/** Says only that one of several schemas failed, which the failures of that schema say better. */
function isWrapper({ keyword, params }: ErrorObject): boolean {
  return keyword === 'if' || keyword === 'anyOf' || (keyword === 'oneOf' && params['passingSchemas'] === null);
}

function problemOf(error: ErrorObject, root: unknown, show: (value: unknown) => string): Problem {
  const { keyword, params, data, parentSchema } = error;
  const path = pathOf(error.instancePath, root);
  if (keyword === 'required') {
    const missing = String(params['missingProperty']);
    const hint = hintOf((parentSchema?.['properties'] as AnySchemaObject | undefined)?.[missing]);
    return { path: pathTo(path, missing), message: 'is missing', found: 'nothing', fix: hint ?? `Add "${missing}".` };
  }
  const surplus: unknown = params['additionalProperty'] ?? params['unevaluatedProperty'];
  if (typeof surplus === 'string') {
    const found = show(isRecord(data) ? data[surplus] : data);
    const meant = nearest(surplus, Object.keys((parentSchema?.['properties'] ?? {}) as object));
    const fix = `Remove "${surplus}".${meant === undefined ? '' : ` Did you mean "${meant}"?`}`;
    return { path: pathTo(path, surplus), message: 'is not allowed', found, fix };
  }
  const fix = hintOf(parentSchema) ?? 'Give a value that the schema allows.';
  return { path, message: messageOf(error), found: show(data), fix };
}

function messageOf({ keyword, params, message }: ErrorObject): string {
  switch (keyword) {
    case 'type':
      return `must be of type ${[params['type']].flat().join(' or ')}`;
    case 'enum':
      return `must be one of ${(params['allowedValues'] as unknown[]).map((value) => JSON.stringify(value)).join(', ')}`;
    case 'const':
      return `must be ${JSON.stringify(params['allowedValue'])}`;
    case 'not':
    case 'false schema':
      return 'is not allowed';
    default:
      return message ?? `breaks "${keyword}"`;
  }
}

/** A schema's own description is the best advice about a value that does not match it. */
function hintOf(schema: unknown): string | undefined {
  const description = isRecord(schema) ? schema['description'] : undefined;
  return typeof description === 'string' ? description : undefined;
}

/** A JSON pointer in the way messages spell paths; only the value tells an index from a key. */
function pathOf(pointer: string, root: unknown): string {
  let path = '';
  let value = root;
  for (const token of pointer.split('/').slice(1)) {
    const key = token.replaceAll('~1', '/').replaceAll('~0', '~');
    path = pathTo(path, Array.isArray(value) ? Number(key) : key);
    value = (value as Record<string, unknown> | undefined)?.[key];
  }
  return path;
}

function kindOf(value: unknown): string {
  return ['string', 'number', 'boolean'].includes(typeof value) ? `a ${typeof value}` : describe(value);
}
