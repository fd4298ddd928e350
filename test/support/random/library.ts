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

/** @param attempt from 1 */
export function answer(operation: OperationName, input: unknown, attempt: number): Answer {
  const given = (input ?? {}) as { readonly fails?: number; readonly n?: number };
  switch (operation) {
    case 'read':
      return { output: { got: input ?? null, size: JSON.stringify(input ?? null).length } };
    case 'write':
      return { output: { wrote: input ?? null } };
    case 'flaky':
      return attempt <= (given.fails ?? 1)
        ? { error: { status: 503, code: 'UNAVAILABLE' } }
        : { output: { after: attempt, input } };
    case 'broken':
      return { error: { status: 409, code: 'REFUSED' } };
    case 'nil':
      return { output: null };
    case 'nothing':
      return {};
    case 'list':
      return { output: Array.from({ length: given.n ?? 2 }, (_, index) => ({ id: index, tag: `t${index}` })) };
  }
}
