import { parseArgs } from 'node:util';
import { MistakeError } from './mistake.error.js';

/** What an operator asks for. */
export type Command =
  | { readonly kind: 'list' }
  | { readonly kind: 'show'; readonly id: string }
  | { readonly kind: 'requeue'; readonly id: string; readonly changes: Changes };

/** What a requeue changes of the run. */
export interface Changes {
  readonly from?: string;
  readonly input?: unknown;
}

export const USAGE = `usage: npm run failed -- list
       npm run failed -- show <id>
       npm run failed -- requeue <id> [--from <step>] [--input <json>]`;

/** @throws MistakeError with the usage, or with what is wrong with the JSON of `--input` */
export function commandOf(args: readonly string[]): Command {
  const { words, from, input } = read(args);
  const [kind, id, ...others] = words;
  const isPlain = from === undefined && input === undefined;
  if (kind === 'list' && id === undefined && isPlain) return { kind };
  if (id !== undefined && id !== '' && others.length === 0) {
    if (kind === 'show' && isPlain) return { kind, id };
    if (kind === 'requeue') return { kind, id, changes: changesOf(from, input) };
  }
  throw new MistakeError(USAGE);
}

function read(args: readonly string[]): { words: string[]; from: string | undefined; input: string | undefined } {
  const options = { from: { type: 'string' }, input: { type: 'string' } } as const;
  try {
    const { positionals, values } = parseArgs({ args: [...args], options, allowPositionals: true });
    return { words: positionals, from: values.from, input: values.input };
  } catch (error) {
    const [problem = ''] = (error as Error).message.split('\n');
    throw new MistakeError(`${problem}\n${USAGE}`, { cause: error });
  }
}

function changesOf(from: string | undefined, input: string | undefined): Changes {
  return { ...(from === undefined ? {} : { from }), ...(input === undefined ? {} : { input: parsed(input) }) };
}

function parsed(input: string): unknown {
  try {
    return JSON.parse(input);
  } catch (error) {
    throw new MistakeError(`--input must be JSON: ${(error as Error).message}`, { cause: error });
  }
}
