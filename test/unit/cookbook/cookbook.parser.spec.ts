import { describe, expect, it } from '@jest/globals';
import { book, frozen, only, parse, problemsOf, task } from '../../support/cookbook-documents.js';

const one = (more: object) => book([task('a', more)]);

const EVERYTHING = book(
  [
    task('quote', {
      input: { n: '{{api_input.n}}', deep: [{ x: null }] },
      mutates: true,
      workspace_id: 'w',
      timeout_ms: 5,
    }),
    { step_id: 'group', type: 'steps', service: 'orders', steps: [task('in_group', { retry: { max_attempts: 2 } })] },
    { step_id: 'each', type: 'foreach', iterator: '{{api_input.items}}', concurrency: 3, body: [task('in-body')] },
    {
      step_id: 'choose',
      type: 'switch',
      expression: '$api_input.mode',
      cases: { x: task('in_case') },
      default: task('other'),
    },
    {
      step_id: 'fork',
      type: 'fork_join',
      branches: { left: task('in_left'), right: [task('in_right'), task('in_right_too')] },
      join: { strategy: 'merge' },
    },
    { step_id: 'pause', type: 'wait', duration_ms: 0 },
    { step_id: 'moment', type: 'wait', until: '2030-01-31T09:00:00.5+01:00' },
    { step_id: 'later', type: 'wait', until: '{{api_input.due}}' },
  ],
  {
    name: 'everything',
    description: 'All there is.',
    metadata: { owner: 'us' },
    api_input: { n: 1 },
    input_schema: { type: 'object', required: ['n'] },
    defaults: { workspace_id: 3 },
    global_retry: { max_attempts: 3, delay_ms: 10, backoff_multiplier: 1.5, max_delay_ms: 100 },
    global_timeout_ms: 60_000,
    delivery: { handler: 'none', destinations: [] },
    _system: { tenant_id: 't' },
    _pointer: { next: 'quote' },
  },
);

describe('a cookbook', () => {
  it('may have steps of every type and every key of the format', () => {
    expect(parse(EVERYTHING, { references: 'strict' })).toEqual(EVERYTHING);
  });

  it('keeps keys that the format does not know, at the root, on steps and inside what runs wrote', () => {
    const document = book([task('a', { note: 'n', output: { a: 1 }, _execution: { status: 'completed' } })], {
      own: [1],
    });
    expect(parse(document)).toEqual(document);
  });

  it('is a copy: the document is left as it is, and what happens to it later changes nothing', () => {
    const document = structuredClone(EVERYTHING);
    const cookbook = parse(frozen(document));
    const { input } = cookbook.steps[0] as { input: unknown };
    expect(input).not.toBe((document.steps as { input: unknown }[])[0]?.input);
  });

  it.each(['2.1.0', '2.1.17', '2.10.0', '2.3.4'])('may be of version %s', (version) => {
    expect(parse(book([task('a')], { version })).version).toBe(version);
  });

  it('may name branches and cases as it likes, as long as JavaScript does not keep the name for itself', () => {
    const names = ['toString', 'two words', 'v1.2', '0', ''];
    const cases = Object.fromEntries(names.map((name, index) => [name, task(`c${index}`)]));
    expect(problemsOf(only({ type: 'switch', expression: 'x', cases }))).toEqual([]);
  });
});

describe('branches whose names are numbers', () => {
  const branches = JSON.parse('{"b":{},"10":{},"2":{},"02":{},"1x":{}}') as Record<string, object>;
  const named = Object.keys(branches).map((name, index) => [name, task(`s${index}`)] as const);
  const document = only({ type: 'fork_join', branches: Object.fromEntries(named), join: { strategy: 'first' } });

  it('are refused: JavaScript puts them first, and a join would not follow their declaration', () => {
    expect(problemsOf(document, { references: 'strict' })).toEqual(
      ['2', '10'].map((name) => ({
        path: `steps[0].branches.${name}`,
        message: 'has a name that is a number',
        found: `"${name}"`,
        fix: `Begin it with a letter, as in "b${name}": JavaScript does not keep the order of names that are numbers.`,
      })),
    );
  });

  it('are accepted in a lenient run, as the original accepted them', () => {
    expect(problemsOf(document)).toEqual([]);
  });
});

describe('spellings in camelCase', () => {
  const rule = { maxAttempts: 2, delayMs: 1, backoffMultiplier: 2, maxDelayMs: 9 };
  const normal = { max_attempts: 2, delay_ms: 1, backoff_multiplier: 2, max_delay_ms: 9 };

  it('become the format’s own, wherever the format has a name, and the document keeps them', () => {
    const wait = { step_id: 'w', type: 'wait', durationMs: 5 };
    const document = frozen(
      book(
        [
          task('a', { timeoutMs: 5, workspaceId: 7, retry: rule }),
          { step_id: 'g', type: 'steps', steps: [task('b', { timeoutMs: 6 })] },
          { step_id: 'f', type: 'foreach', iterator: '{{api_input.l}}', body: [task('c', { timeoutMs: 6 })] },
          { step_id: 's', type: 'switch', expression: 'x', cases: { x: wait }, default: task('d', { timeoutMs: 6 }) },
          {
            step_id: 'j',
            type: 'fork_join',
            branches: { l: task('e', { retry: rule }), r: [task('h', { timeoutMs: 6 })] },
            join: { strategy: 'all' },
          },
        ],
        { globalRetry: rule, globalTimeoutMs: 9, inputSchema: { type: 'object' }, defaults: { workspaceId: 1 } },
      ),
    );
    expect(parse(document)).toEqual(
      book(
        [
          task('a', { timeout_ms: 5, workspace_id: 7, retry: normal }),
          { step_id: 'g', type: 'steps', steps: [task('b', { timeout_ms: 6 })] },
          { step_id: 'f', type: 'foreach', iterator: '{{api_input.l}}', body: [task('c', { timeout_ms: 6 })] },
          {
            step_id: 's',
            type: 'switch',
            expression: 'x',
            cases: { x: { step_id: 'w', type: 'wait', duration_ms: 5 } },
            default: task('d', { timeout_ms: 6 }),
          },
          {
            step_id: 'j',
            type: 'fork_join',
            branches: { l: task('e', { retry: normal }), r: [task('h', { timeout_ms: 6 })] },
            join: { strategy: 'all' },
          },
        ],
        { global_retry: normal, global_timeout_ms: 9, input_schema: { type: 'object' }, defaults: { workspace_id: 1 } },
      ),
    );
  });

  it('stay as they are in what is not the format’s: inputs, metadata, unknown keys', () => {
    const document = one({ input: { timeoutMs: 1 }, own: { maxAttempts: 2 } });
    expect(parse({ ...document, metadata: { globalRetry: 1 } })).toEqual({ ...document, metadata: { globalRetry: 1 } });
  });

  it('are refused beside the name they stand for, since one of the two would be ignored', () => {
    expect(problemsOf(one({ timeout_ms: 1, timeoutMs: 2 }))).toEqual([
      {
        path: 'steps[0].timeoutMs',
        message: 'says again what "timeout_ms" says',
        found: '2',
        fix: 'Remove "timeoutMs".',
      },
    ]);
  });
});

describe('operations', () => {
  const operations = {
    has: (service: string) => service === 'orders',
    names: () => ['get-order', 'cancel-order'],
  };

  it('must exist where the service is known, at any depth', () => {
    expect(problemsOf(only({ type: 'steps', steps: [task('b', { operation: 'get-oder' })] }), { operations })).toEqual([
      {
        path: 'steps[0].steps[0].operation',
        message: 'is no operation of service "orders"',
        found: '"get-oder"',
        fix: 'Did you mean "get-order"? It has: get-order, cancel-order.',
      },
    ]);
  });

  it('that only a message pattern seems to declare are told with its handler and the fix', () => {
    const plainHandler = (_: string, name: string) => (name === 'plain' ? 'OrdersController.plain' : undefined);
    expect(problemsOf(one({ operation: 'plain' }), { operations: { ...operations, plainHandler } })).toMatchObject([
      {
        path: 'steps[0].operation',
        fix: "OrdersController.plain is a @MessagePattern only: add @Operation('plain'), @Reads or @Mutates, or list it in operations.json.",
      },
    ]);
  });

  it('of a service that has none are told with the likely reason', () => {
    expect(problemsOf(one({}), { operations: { has: () => true, names: () => [] } })).toMatchObject([
      { fix: 'It has none: is the controller listed in a module?' },
    ]);
  });

  it('are taken on trust where the service is another process’s', () => {
    expect(problemsOf(one({ service: 'payments', operation: 'pay' }), { operations })).toEqual([]);
  });
});
