import type { Dependencies, Tag } from './tags.js';
import { isRecord } from '../utils/is-record.js';

/**
 * A cached answer, as stores keep it. Where a store hands out what it holds, nobody who reads the answer can change it: it is
 * a text.
 */
export interface Entry {
  readonly v: 1;
  /** JSON: whoever reads it gets a copy of his own. */
  readonly json: string;
  readonly tags: readonly Tag[];
  /** Of the tags, in their order, as they were before the answer was made. */
  readonly tokens: readonly string[];
  /** Milliseconds since the epoch: for stores that keep it longer. */
  readonly until: number;
}

/** What a store gave back, if it is an entry that can answer this question now; anything odd is none. */
export function entryOf(stored: unknown, { tags, fixed }: Dependencies, now: number): Entry | undefined {
  if (!isRecord(stored) || stored['v'] !== 1) return undefined;
  const { json, tags: own, tokens, until } = stored as unknown as Entry;
  if (typeof json !== 'string') return undefined;
  if (!isTexts(own) || !isTexts(tokens) || own.length !== tokens.length) return undefined;
  // Otherwise it was stored when the operation was declared to depend on less.
  if (own.length < tags.length) return undefined;
  for (let at = 0; at < fixed; at += 1) if (own[at] !== tags[at]) return undefined;
  return typeof until === 'number' && until > now ? (stored as unknown as Entry) : undefined;
}

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string');

/** The answer in a text. `undefined`: it is broken. */
export function answerIn(json: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(json) as unknown };
  } catch {
    return undefined;
  }
}

/** Longer answers are not kept parsed, in characters: that takes half as much memory again. */
const KEPT_PARSED = 4_096;
/** Nor deeper ones: copying them would go as deep. */
const KEPT_DEPTH = 64;

/** Nobody is given these: everybody gets a copy. */
const parsed = new WeakMap<Entry, { readonly value: unknown }>();

/**
 * The answer in an entry. A store in this process hands out the same entry again and again: what was parsed once is copied,
 * in a third of the time.
 */
export function answerOf(entry: Entry): { readonly value: unknown } | undefined {
  let kept = parsed.get(entry);
  if (kept === undefined) {
    kept = answerIn(entry.json);
    if (kept === undefined || entry.json.length > KEPT_PARSED || !isShallow(kept.value, KEPT_DEPTH)) return kept;
    parsed.set(entry, kept);
  }
  return { value: copyOf(kept.value) };
}

const isShallow = (value: unknown, depth: number): boolean =>
  typeof value !== 'object' ||
  value === null ||
  (depth > 0 && Object.values(value).every((part) => isShallow(part, depth - 1)));

/** @param value nothing but what JSON.parse makes, no deeper than what is kept parsed */
function copyOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(copyOf);
  const copy: Record<string, unknown> = { ...value };
  for (const key in copy) {
    const part = copy[key];
    if (typeof part === 'object') copy[key] = copyOf(part);
  }
  return copy;
}
