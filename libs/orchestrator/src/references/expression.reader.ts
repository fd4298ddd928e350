import { isDigit, parsePath } from './path.js';
import type { Argument, Call, Expression, Literal, Malformed } from './syntax.js';

/** Calls within calls. Deeper ones are malformed, so that no text can exhaust the stack. */
const MAX_NESTING = 32;

/** Reads one expression of a text. Where it cannot, it answers with the reason; nothing is thrown. */
export class ExpressionReader {
  constructor(
    private readonly text: string,
    /** The next character. */
    public at: number,
  ) {}

  /** Up to and with the closing braces. */
  expression(): Expression {
    this.skip(isBlank);
    const helper = this.callee();
    if (helper === undefined) return this.path();
    const call = this.call(helper, 1);
    if (call.kind === 'malformed') return call;
    this.skip(isBlank);
    return this.take('}}') ? call : NO_END_OF_CALL;
  }

  private path(): Expression {
    const close = this.text.indexOf('}}', this.at);
    if (close === -1) return UNCLOSED;
    const text = this.text.slice(this.at, close).trim();
    this.at = close + 2;
    const path = text.includes('{') || text.includes('}') ? undefined : parsePath(text);
    return path ?? NO_EXPRESSION;
  }

  /** The name of the helper that is called here, with its parenthesis; `undefined`, and nothing read, where none is. */
  private callee(): string | undefined {
    let end = this.at;
    while (isWord(this.text.charCodeAt(end))) end += 1;
    if (end === this.at || this.text[end] !== '(') return undefined;
    const name = this.text.slice(this.at, end);
    this.at = end + 1;
    return name;
  }

  /** The rest of a call, from its first argument on. Commas with nothing between them are one comma. */
  private call(helper: string, depth: number): Call | Malformed {
    if (depth > MAX_NESTING) return TOO_DEEP;
    const args: Argument[] = [];
    for (;;) {
      this.skip(isBlankOrComma);
      if (this.take(')')) return { kind: 'call', helper, args };
      const argument = this.argument(depth);
      if (argument.kind === 'malformed') return argument;
      args.push(argument);
      this.skip(isBlank);
      if (this.text[this.at] !== ',' && this.text[this.at] !== ')') return NO_END_OF_ARGUMENT;
    }
  }

  private argument(depth: number): Argument | Malformed {
    const first = this.text[this.at];
    if (first === "'" || first === '"') return this.quoted(first);
    const helper = this.callee();
    return helper === undefined ? this.bare() : this.call(helper, depth + 1);
  }

  /** A text in quotes. It ends at the same quote: there are no escapes, the other quote may stand within. */
  private quoted(quote: string): Literal | Malformed {
    const close = this.text.indexOf(quote, this.at + 1);
    if (close === -1) return NO_CLOSING_QUOTE;
    const value = this.text.slice(this.at + 1, close);
    this.at = close + 1;
    return { kind: 'literal', value };
  }

  private bare(): Argument | Malformed {
    const start = this.at;
    while (this.at < this.text.length && !ENDS_BARE.has(this.text.charCodeAt(this.at))) this.at += 1;
    const text = this.text.slice(start, this.at).trimEnd();
    return KEYWORDS.get(text) ?? numberOf(text) ?? parsePath(text) ?? NO_ARGUMENT;
  }

  private skip(matches: (code: number) => boolean): void {
    while (matches(this.text.charCodeAt(this.at))) this.at += 1;
  }

  private take(expected: string): boolean {
    const found = this.text.startsWith(expected, this.at);
    if (found) this.at += expected.length;
    return found;
  }
}

const malformed = (reason: string): Malformed => ({ kind: 'malformed', reason });
const UNCLOSED = malformed('it has no closing braces');
const NO_EXPRESSION = malformed('it is neither a path nor a call of a helper');
const NO_END_OF_CALL = malformed('closing braces must follow the call');
const NO_ARGUMENT = malformed('an argument is neither a literal, a path nor a call');
const NO_END_OF_ARGUMENT = malformed('a comma or a closing parenthesis must follow every argument');
const NO_CLOSING_QUOTE = malformed('a quote is not closed');
const TOO_DEEP = malformed(`calls are nested deeper than ${MAX_NESTING}`);

const KEYWORDS: ReadonlyMap<string, Literal> = new Map(
  [true, false, null].map((value) => [String(value), { kind: 'literal', value }]),
);

const codes = (characters: string): ReadonlySet<number> => new Set(Array.from(characters, (one) => one.charCodeAt(0)));
const ENDS_BARE = codes(`,(){}'"`);
const BLANKS = codes(' \t\r\n');
const COMMA = 44;

const isBlank = (code: number): boolean => BLANKS.has(code);
const isBlankOrComma = (code: number): boolean => code === COMMA || isBlank(code);
const isWord = (code: number): boolean =>
  isDigit(code) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 95; // A-Z a-z _

/** Digits, with a minus in front or a fraction: `-3`, `0.5`. Everything else that JavaScript takes for a number is a path. */
function numberOf(text: string): Literal | undefined {
  const start = text.startsWith('-') ? 1 : 0;
  if (!isDigit(text.charCodeAt(start)) || !isDigit(text.charCodeAt(text.length - 1))) return undefined;
  for (let at = start; at < text.length; at += 1) {
    if (!isDigit(text.charCodeAt(at)) && text[at] !== '.') return undefined;
  }
  const value = Number(text);
  return Number.isFinite(value) ? { kind: 'literal', value } : undefined;
}
