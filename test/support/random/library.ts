/** What the generated cookbooks call: the same behaviour for the real handlers and for the interpreter. */
export const SERVICES = ['alpha', 'beta', 'gamma'] as const;

export const OPERATIONS = ['read', 'write', 'flaky', 'broken', 'nil', 'nothing', 'list'] as const;
export type OperationName = (typeof OPERATIONS)[number];

/** Of these the application says that they change something. */
export const MUTATING: ReadonlySet<OperationName> = new Set(['write', 'flaky']);

export interface Answer {
  readonly output?: unknown;
  readonly error?: { readonly status: number; readonly code: string };
}

/** How an operation behaves beside what its input says. */
export interface Mood {
  /** What it happened to see: it differs between two executions, and reads and lists show it. */
  readonly draw?: number | undefined;
  /** What made it fail has been put right. */
  readonly repaired?: boolean;
}

/** @param attempt from 1 */
export function answer(
  operation: OperationName,
  input: unknown,
  attempt: number,
  { draw, repaired = false }: Mood = {},
): Answer {
  const given = (input ?? {}) as { readonly fails?: number; readonly n?: number };
  switch (operation) {
    case 'read':
      return { output: { got: input ?? null, size: JSON.stringify(input ?? null).length, ...seen(draw) } };
    case 'write':
      return { output: { wrote: input ?? null } };
    case 'flaky':
      return attempt <= (given.fails ?? 1) && !repaired
        ? { error: { status: 503, code: 'UNAVAILABLE' } }
        : { output: { after: attempt, input } };
    case 'broken':
      return repaired ? { output: { repaired } } : { error: { status: 409, code: 'REFUSED' } };
    case 'nil':
      return { output: null };
    case 'nothing':
      return {};
    case 'list':
      return {
        output: Array.from({ length: (given.n ?? 2) + ((draw ?? 0) % 2) }, (_, index) => ({
          id: index,
          tag: `t${index}`,
        })),
      };
  }
}

/** `side` is for a switch: one of two cases. */
const seen = (draw: number | undefined): object =>
  draw === undefined ? {} : { draw, side: draw % 2 === 0 ? '7' : 'other' };
