import type { JsonObject } from '../message/workflow-message.js';
import { describe } from '../utils/describe.js';
import { isRecord } from '../utils/is-record.js';
import { nearest } from '../utils/nearest.js';
import { pathTo } from '../utils/problem.js';
import { COOKBOOK_SCHEMA } from './cookbook.schema.js';
import type { Problems } from './problems.js';
import { stepsOf } from './step-tree.js';

/** Somewhere in the document where keys have a meaning. */
interface Place {
  /** As a fix names it. */
  readonly name: string;
  readonly keys: readonly string[];
  /** Nothing but these keys may stand there. */
  readonly closed?: boolean;
  /** Whatever is unlike these keys is the user's own. */
  readonly open?: boolean;
}

const { properties: ofRoot, $defs } = COOKBOOK_SCHEMA;
const { step: ofStep, retry: ofRetry, ...ofTypes } = $defs;

const ROOT: Place = { name: 'a cookbook', keys: Object.keys(ofRoot) };
const STEP: Place = { name: 'a step', keys: Object.keys(ofStep.properties) };
const TYPES: ReadonlyMap<unknown, Place> = new Map(
  Object.entries(ofTypes).map(([type, { properties }]) => [
    type,
    { name: `a step of type ${type}`, keys: [...STEP.keys, ...Object.keys(properties)] },
  ]),
);
const closed = (name: string, { properties }: { readonly properties: object }): Place => ({
  name: `"${name}"`,
  keys: Object.keys(properties),
  closed: true,
});
const RETRY = closed('retry', ofRetry);
const JOIN = closed('join', ofTypes.fork_join.properties.join);
const DEFAULTS = closed('defaults', ofRoot.defaults);
const DELIVERY: Place = { name: '"delivery"', keys: Object.keys(ofRoot.delivery.properties), open: true };

const PLACES: readonly Place[] = [ROOT, STEP, ...TYPES.values(), RETRY, JOIN, DEFAULTS, DELIVERY];
/** What tells a reader something and changes no run: welcome wherever keys of one's own are. */
const DESCRIPTIVE: ReadonlySet<string> = new Set(['name', 'description', 'metadata']);

/**
 * Finds keys that would be ignored although they were meant: what resembles a key of the format, or stands in a wrong place.
 * Other keys of one's own may stand at the root and on steps, those that begin with `_` everywhere.
 */
export function checkKeys(cookbook: JsonObject, problems: Problems): void {
  check(cookbook, '', ROOT, problems);
  check(cookbook['global_retry'], 'global_retry', RETRY, problems);
  check(cookbook['defaults'], 'defaults', DEFAULTS, problems);
  check(cookbook['delivery'], 'delivery', DELIVERY, problems);
  for (const { step, path } of stepsOf(cookbook)) {
    if (!isRecord(step)) continue;
    const type = TYPES.get(step['type']);
    if (type !== undefined) check(step, path, type, problems);
    check(step['retry'], pathTo(path, 'retry'), RETRY, problems);
    if (step['type'] === 'fork_join') check(step['join'], pathTo(path, 'join'), JOIN, problems);
  }
}

function check(target: unknown, path: string, place: Place, problems: Problems): void {
  if (!isRecord(target)) return;
  for (const [key, value] of Object.entries(target)) {
    if (key.startsWith('_') || place.keys.includes(key)) continue;
    const advice = adviceOn(key, place);
    if (advice === undefined) continue;
    const fix = `${advice} What is meant as a note may begin with "_".`;
    problems.add({ path: pathTo(path, key), message: `is no key of ${place.name}`, found: describe(value), fix });
  }
}

/** `undefined`: the key may stand there. */
function adviceOn(key: string, place: Place): string | undefined {
  if (DESCRIPTIVE.has(key) && place.closed !== true) return undefined;
  const meant = meantBy(key, place.keys);
  if (meant !== undefined) return `Did you mean "${meant}"?`;
  if (place.open === true) return undefined;
  const home = PLACES.find(({ keys }) => keys.includes(key));
  if (home !== undefined) return `It belongs to ${home.name}.`;
  return place.closed === true ? `Its keys: ${place.keys.join(', ')}.` : undefined;
}

function meantBy(key: string, known: readonly string[]): string | undefined {
  const words = new Map(known.flatMap((name) => wordsFor(name).map((word) => [word, name] as const)).reverse());
  const snake = key.replace(/(?<=[a-z])[A-Z]/g, (letter) => `_${letter}`);
  return words.get(nearest(snake, words.keys()) ?? '');
}

/** A key as it is remembered: without its unit, without what qualifies it, a rule as the attempts it makes. */
function wordsFor(key: string): readonly string[] {
  const unqualified = key.replace(/^(?:global|api|input|max)_/, '');
  const names = [key, unqualified, key.replace(/_ms$/, ''), unqualified.replace(/_ms$/, '')];
  return [...names, ...names.map((name) => name.replace(/retry$/, 'retries'))];
}
