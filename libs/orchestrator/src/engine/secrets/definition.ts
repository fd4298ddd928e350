import type { JsonObject } from '../../message/workflow-message.js';
import { scan } from '../../references/scanner.js';
import type { Placeholder } from '../../references/syntax.js';
import { compile } from '../../references/template.js';
import { isRecord } from '../../utils/is-record.js';
import { jsonPointer } from './place.js';
import type { Veil } from './veil.js';

/** Keys of a step that hold steps. */
const INNER: ReadonlySet<string> = new Set(['steps', 'body', 'cases', 'default', 'branches']);
/** What a cookbook and its steps say beside what is executed. */
const PROSE: ReadonlySet<string> = new Set(['description', 'metadata']);

export interface CoveredCookbook {
  readonly cookbook: JsonObject;
  /** To the texts that were covered in inputs. */
  readonly pointers: readonly string[];
}

/**
 * A cookbook whose definition holds none of the texts: in the inputs of its tasks, and in what describes it. Names and
 * references stay, so that it is read as it was.
 */
export function coveredCookbook(cookbook: JsonObject, veil: Veil): CoveredCookbook {
  const pointers: string[] = [];
  if (veil.isEmpty) return { cookbook, pointers };
  const visit = (value: unknown, path: readonly string[], inInput: boolean): unknown => {
    if (typeof value === 'string' && inInput) {
      const after = coveredTemplate(value, veil);
      if (after !== value) pointers.push(jsonPointer(path));
      return after;
    }
    if (Array.isArray(value)) return value.map((item, index) => visit(item, [...path, String(index)], inInput));
    if (!isRecord(value)) return value;
    const entries = Object.entries(value).map(([key, inner]) => {
      if (inInput || key === 'input') return [key, visit(inner, [...path, key], true)] as const;
      return [key, PROSE.has(key) ? veil.value(inner) : inner] as const;
    });
    return Object.fromEntries(entries);
  };
  const steps = (value: unknown, path: readonly string[]): unknown => {
    if (Array.isArray(value)) return value.map((item, index) => steps(item, [...path, String(index)]));
    if (!isRecord(value)) return value;
    if (typeof value['type'] !== 'string') return byName(value, path);
    const own = visit(value, path, false) as JsonObject;
    const inner = Object.entries(own).map(([key, held]) => [key, INNER.has(key) ? steps(held, [...path, key]) : held]);
    return Object.fromEntries(inner);
  };
  /** The cases of a switch, the branches of a fork. */
  const byName = (value: JsonObject, path: readonly string[]): JsonObject =>
    Object.fromEntries(Object.entries(value).map(([name, held]) => [name, steps(held, [...path, name])]));

  const entries = Object.entries(cookbook).map(([key, value]) => {
    if (key === 'steps') return [key, steps(value, ['cookbook', 'steps'])];
    return [key, PROSE.has(key) ? veil.value(value) : value];
  });
  return { cookbook: Object.fromEntries(entries) as JsonObject, pointers };
}

/** A template without the texts; what it refers to stays. */
function coveredTemplate(text: string, veil: Veil): string {
  if (!veil.hides(text)) return text;
  return scan(text)
    .map((part) => (typeof part === 'string' ? veil.text(part) : coveredPlaceholder(part, veil)))
    .join('');
}

/** Texts that a helper is given are covered; names that happen to be the same are not. */
function coveredPlaceholder({ source }: Placeholder, veil: Veil): string {
  const covered = veil.text(source);
  const [before, after] = [source, covered].map((each) => {
    const { references, helpers, placeholders } = compile(each);
    return JSON.stringify([references, helpers, placeholders.map(({ expression }) => expression.kind)]);
  });
  return before === after ? covered : source;
}
