import type { Failure } from '../../errors/failure.js';
import { put } from '../../references/json-copy.js';
import type { RetryRecord } from '../execution.js';
import { type Key, REDACTED } from './place.js';

/** Characters from which on a text is hidden wherever it recurs: a shorter one recurs by chance. */
const SHORTEST = 8;
/** Error messages show this much of a text that is longer than `SHOWN_WHOLE`. */
const EXCERPT = 57;
const SHOWN_WHOLE = 60;

export interface CoverOptions {
  /** What stays as it is: by its keys from the value on. */
  readonly holes?: readonly (readonly Key[])[];
  /** Keys that are names of the cookbook, and stay. Default: all. */
  readonly keeps?: (key: string) => boolean;
}

/** Hides texts wherever they stand: also as JSON within a text has them, and as error messages shorten them. */
export class Veil {
  static readonly NONE = new Veil(new Set());

  private constructor(private readonly texts: ReadonlySet<string>) {}

  /** Over the texts within these values, and over a value that is a number of as many digits. */
  static over(values: readonly unknown[]): Veil {
    return Veil.NONE.and(values);
  }

  get isEmpty(): boolean {
    return this.texts.size === 0;
  }

  and(values: readonly unknown[]): Veil {
    const texts = new Set(this.texts);
    for (const value of values) {
      if (typeof value === 'number') add(texts, String(value));
      else collect(texts, value);
    }
    return texts.size === this.texts.size ? this : new Veil(texts);
  }

  hides(text: string): boolean {
    for (const secret of this.texts) if (text.includes(secret)) return true;
    return false;
  }

  text(text: string): string {
    return this.hides(text) ? replaced(text, spansOf(text, this.texts)) : text;
  }

  /** The value, itself where nothing in it is hidden. */
  value(value: unknown, options: CoverOptions = {}): unknown {
    if (this.isEmpty || options.holes?.some((keys) => keys.length === 0)) return value;
    if (typeof value === 'string') return this.text(value);
    if (typeof value === 'number') return this.texts.has(String(value)) ? REDACTED : value;
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) {
      const items = value.map((item: unknown, index) => this.value(item, inside(options, String(index))));
      return items.every((item, index) => item === (value as unknown[])[index]) ? value : items;
    }
    return this.record(value as Readonly<Record<string, unknown>>, options);
  }

  failure<F extends Failure>(failure: F): F {
    if (this.isEmpty) return failure;
    const { message, code, details } = failure;
    return { ...failure, message: this.cut(this.text(message)), code: code && this.text(code), details: this.data(details) }; // prettier-ignore
  }

  attempt(record: RetryRecord): RetryRecord {
    if (this.isEmpty) return record;
    const changes: Record<string, unknown> = {};
    for (const key of ['error', 'error_code', 'details'] as const) {
      const after = this.data(record[key]);
      if (after !== record[key]) changes[key] = after;
    }
    return Object.keys(changes).length === 0 ? record : { ...record, ...changes };
  }

  /** What a handler made: its keys, too. */
  data(value: unknown): unknown {
    return this.value(value, { keeps: () => false });
  }

  private record(value: Readonly<Record<string, unknown>>, options: CoverOptions): unknown {
    const copy: Record<string, unknown> = {};
    let changes = false;
    for (const [key, before] of Object.entries(value)) {
      const name = options.keeps === undefined || options.keeps(key) ? key : this.text(key);
      const after = this.value(before, inside(options, key));
      changes ||= name !== key || after !== before;
      put(copy, name, after);
    }
    return changes ? copy : value;
  }

  /** A long message that was cut within a secret ends with its beginning. */
  private cut(message: string): string {
    if (!message.endsWith('…')) return message;
    const text = message.slice(0, -1);
    for (const secret of this.texts) {
      for (let length = Math.min(secret.length, text.length); length >= SHORTEST; length -= 1) {
        if (text.endsWith(secret.slice(0, length))) return `${text.slice(0, -length)}${REDACTED}…`;
      }
    }
    return message;
  }
}

function collect(texts: Set<string>, value: unknown): void {
  if (typeof value === 'string') add(texts, value);
  else if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) collect(texts, each);
}

function add(texts: Set<string>, text: string): void {
  if (text.length < SHORTEST || REDACTED.includes(text)) return;
  for (const form of text.length > SHOWN_WHOLE ? [text, text.slice(0, EXCERPT)] : [text]) {
    texts.add(form);
    texts.add(JSON.stringify(form).slice(1, -1));
  }
}

/** Of holes those within this key. */
export function below(holes: CoverOptions['holes'] = [], key: string): readonly (readonly Key[])[] {
  return holes.filter(([first]) => first === null || first === key).map((keys) => keys.slice(1));
}

function inside({ keeps, holes = [] }: CoverOptions, key: string): CoverOptions {
  return { ...(keeps && { keeps }), ...(holes.length > 0 && { holes: below(holes, key) }) };
}

type Span = readonly [from: number, to: number];

/** Where secrets stand in a text: spans that overlap are one, so that no end of one is left beside another. */
function spansOf(text: string, secrets: ReadonlySet<string>): readonly Span[] {
  const spans: Span[] = [];
  for (const secret of secrets) {
    for (let at = text.indexOf(secret); at !== -1; at = text.indexOf(secret, at + 1)) {
      spans.push([at, at + secret.length]);
    }
  }
  const merged: Span[] = [];
  for (const [from, to] of spans.sort((a, b) => a[0] - b[0] || b[1] - a[1])) {
    const last = merged.at(-1);
    if (last !== undefined && from < last[1]) merged[merged.length - 1] = [last[0], Math.max(last[1], to)];
    else merged.push([from, to]);
  }
  return merged;
}

function replaced(text: string, spans: readonly Span[]): string {
  let result = '';
  let at = 0;
  for (const [from, to] of spans) {
    result += text.slice(at, from) + REDACTED;
    at = to;
  }
  return result + text.slice(at);
}
