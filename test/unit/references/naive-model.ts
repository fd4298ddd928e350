import type { Helpers, ReferenceMode, Scope } from '../../../libs/orchestrator/src/references/scope.js';

/** Finds a value; `undefined` in its place means that a text is no expression. */
type Thunk = () => unknown;

/**
 * References as a reader of the format would resolve them: patterns, splits, and every possible end of a placeholder tried
 * in turn. Slow, and it shares nothing with the library.
 */
export class NaiveModel {
  constructor(
    private readonly scope: Scope,
    private readonly helpers: Helpers,
    private readonly mode: ReferenceMode,
  ) {}

  resolve(value: unknown): unknown {
    if (typeof value === 'string') return this.text(value);
    if (Array.isArray(value)) return value.map((item) => this.resolve(item));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, this.resolve(inner)]));
  }

  private text(text: string): unknown {
    const values: unknown[] = [];
    let rest = text;
    while (rest.includes('{{')) {
      const open = rest.indexOf('{{');
      if (open > 0) values.push(rest.slice(0, open));
      const { source, thunk } = this.placeholder(rest.slice(open));
      const value = thunk?.();
      if (value === undefined && this.mode === 'strict') throw new Error(`${source} resolves to nothing`);
      values.push(value === undefined ? source : value);
      rest = rest.slice(open + source.length);
    }
    if (rest !== '' || values.length === 0) values.push(rest);
    return values.length === 1
      ? values[0]
      : values.map((value) => (typeof value === 'string' ? value : JSON.stringify(value))).join('');
  }

  /** The shortest beginning that is an expression in braces; else everything up to the first braces that close. */
  private placeholder(text: string): { readonly source: string; readonly thunk: Thunk | undefined } {
    const sources = [...text.matchAll(/\}\}/g)].map(({ index }) => text.slice(0, index + 2));
    for (const source of sources) {
      const thunk = this.expression(source.slice(2, -2).trim());
      if (thunk !== undefined) return { source, thunk };
    }
    return { source: sources[0] ?? text, thunk: undefined };
  }

  private expression(text: string): Thunk | undefined {
    if (/^\w+\(/.test(text)) return this.call(text);
    return /[{}]/.test(text) ? undefined : this.path(text);
  }

  private call(text: string): Thunk | undefined {
    const [, name = '', inside] = /^(\w+)\((.*)\)$/s.exec(text) ?? [];
    const args = inside === undefined ? undefined : split(inside)?.map((arg) => this.argument(arg.trim()));
    if (args === undefined || args.includes(undefined)) return undefined;
    return () => {
      const helper = Object.entries(this.helpers).find(([known]) => known === name)?.[1];
      if (helper === undefined) throw new Error(`no helper ${name}`);
      const values = args.map((arg) => arg?.());
      return (helper as (...values: readonly unknown[]) => unknown)(...values, this.scope.context);
    };
  }

  private argument(text: string): Thunk | undefined {
    if (/^('[^']*'|"[^"]*")$/.test(text)) return () => text.slice(1, -1);
    if (/^-?\d+(\.\d+)?$/.test(text)) return () => Number(text);
    if (/^(true|false|null)$/.test(text)) return () => JSON.parse(text) as unknown;
    if (/^\w+\(/.test(text)) return this.call(text);
    return /[(){},'"]/.test(text) ? undefined : this.path(text);
  }

  private path(text: string): Thunk | undefined {
    const body = text.replace(/^context\./, '');
    if (!/^[^.[\]]+(\[\d+\])*(\.[^.[\]]+(\[\d+\])*)*$/.test(body)) return undefined;
    const [, step] = /^steps\.([^.[\]]+)\.output(?![^.[])/.exec(body) ?? [];
    const names = body.split(/[.[\]]+/).filter((name) => name !== '');
    const keys = names.slice(step === undefined ? 1 : 3);
    return () => {
      const start = step === undefined ? this.scope.root(names[0] ?? '') : this.scope.step(step)?.output;
      return keys.reduce(property, start);
    };
  }
}

/** What stands between the commas outside quotes and parentheses; `undefined` where parentheses do not match. */
function split(text: string): string[] | undefined {
  const args = [''];
  let open = 0;
  for (const token of text.match(/'[^']*'|"[^"]*"|[^]/g) ?? []) {
    if (token === '(') open += 1;
    if (token === ')') open -= 1;
    if (open < 0) return undefined;
    if (token === ',' && open === 0) args.push('');
    else args.push(`${args.pop() ?? ''}${token}`);
  }
  return open === 0 ? args.filter((arg) => arg.trim() !== '') : undefined;
}

function property(value: unknown, key: string): unknown {
  return typeof value === 'object' ? Object.getOwnPropertyDescriptor(value ?? {}, key)?.value : undefined;
}
