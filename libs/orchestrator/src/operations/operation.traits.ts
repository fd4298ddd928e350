import { isDeepStrictEqual } from 'node:util';
import { ConfigurationError } from '../errors/configuration.error.js';
import { toMilliseconds } from '../utils/duration.js';
import { isRecord } from '../utils/is-record.js';
import type { OperationTraits } from './operation.js';

/** What one place, a decorator or a file, says of an operation. */
export interface Statement {
  /** As messages name it: `@Mutates on InvoiceController.update`, `operations.json`. */
  readonly place: string;
  readonly traits: OperationTraits;
}

/** Resources that one read may depend on. */
const MAX_READS = 4;

/**
 * The traits of an operation from every place that says something of it.
 *
 * @param of `operation "get-invoice" of "invoicing"`
 * @throws ConfigurationError where two places disagree (it names both), or a trait cannot be meant
 */
export function mergeTraits(of: string, statements: readonly Statement[]): OperationTraits {
  const merged: Record<string, unknown> = {};
  const places: Record<string, string> = {};
  for (const { place, traits } of statements) {
    for (const [key, value] of Object.entries(traits)) {
      if (value === undefined) continue;
      const earlier = places[key];
      const both: unknown = earlier === undefined ? value : combine(key, merged[key], value);
      if (both === undefined) {
        throw new ConfigurationError(
          `${key} of ${of} is said twice and differently: ${JSON.stringify(merged[key])} by ${String(earlier)}, ` +
            `${JSON.stringify(value)} by ${place}. Say it in one place.`,
        );
      }
      merged[key] = both;
      places[key] = earlier ?? place;
    }
  }
  for (const [key, fix] of nonsenseIn(merged)) {
    throw new ConfigurationError(
      `${key} of ${of} cannot be ${JSON.stringify(merged[key])} (${String(places[key])}). ${fix}`,
    );
  }
  return merged;
}

/** Both statements as one; `undefined` when they contradict each other. Lists are sets: their order says nothing. */
function combine(key: string, one: unknown, other: unknown): unknown {
  if (key === 'mutated' && isRecord(one) && isRecord(other)) {
    const both = { ...one, ...other }; // one may leave the id to the other
    return isDeepStrictEqual(both, { ...other, ...one }) ? both : undefined;
  }
  const comparable = (value: unknown): unknown => (Array.isArray(value) ? new Set<unknown>(value) : value);
  return isDeepStrictEqual(comparable(one), comparable(other)) ? one : undefined;
}

/** What the schema of traits does not see: traits that cannot be meant, each with the fix. */
function* nonsenseIn(traits: OperationTraits): Generator<readonly [key: keyof OperationTraits, fix: string]> {
  const { mutated, reads = [], sensitiveInputFields = [], cache } = traits;
  if (mutated?.resource === '') yield ['mutated', 'Name a resource, or leave it out: then anything of the service.'];
  if (reads.length > MAX_READS) yield ['reads', `Name ${MAX_READS} resources at most, or none: then any.`];
  if (sensitiveInputFields.includes('')) yield ['sensitiveInputFields', 'Name top-level fields of the input.'];
  const id = mutated?.id;
  if (id !== undefined && sensitiveInputFields.includes(id))
    yield ['mutated', `Its id is a sensitive field, and ids are kept: name another field, or leave the id out.`];
  if (typeof cache !== 'object') return;
  if (cache.ttl !== undefined && (toMilliseconds(cache.ttl) ?? 0) === 0)
    yield ['cache', "Give a ttl longer than 0, such as '5m', or cache: false."];
  if (cache.key !== undefined && typeof cache.key !== 'function')
    yield ['cache', 'key is a function of the execution context: (context) => what else the answer depends on.'];
}
