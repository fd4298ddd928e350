import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compile } from '../../../libs/orchestrator/src/references/template.js';
import { NaiveModel } from './naive-model.js';
import { helpers, scopeOf } from './scope.js';

const KEYS = ['a', 'b', '0', '1', 'key with space', 'klíč', 'x-y', 'constructor', '__proto__', 'length', 'toString'];
const key = fc.constantFrom(...KEYS);

/** JSON whose keys are those that paths ask for, `__proto__` as a key of its own among them, and whose texts look like templates. */
const { json } = fc.letrec<{ json: unknown }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(fc.integer(), fc.boolean(), fc.constant(null), fc.constantFrom('', 'text', '{{api_input.a}}', '\'"}}{{')),
    fc.array(tie('json'), { maxLength: 3 }),
    fc.array(fc.tuple(key, tie('json')), { maxLength: 5 }).map((entries) => Object.fromEntries(entries)),
  ),
}));

const path = fc
  .tuple(
    fc.constantFrom('', '', 'context.'),
    fc.constantFrom('api_input', 'current', 'index', 'workflow_id', 'nothing', 'context', 'steps.s1.output', 'steps.ghost.output', 'steps[0].output', 'steps.s1'), // prettier-ignore
    fc.array(fc.oneof(key.map((name) => `.${name}`), fc.nat(2).map((index) => `[${index}]`)), { maxLength: 3 }), // prettier-ignore
    fc.oneof(
      { weight: 12, arbitrary: fc.constant('') },
      fc.constantFrom('.', '..a', '[*]', '[0', ' ', ' + 1', 'output'),
    ),
  )
  .map(([prefix, root, keys, end]) => `${prefix}${root}${keys.join('')}${end}`);

const literal = fc.constantFrom(
  '1',
  '-2.50',
  '+1',
  '1e3',
  'true',
  'null',
  "'a'",
  '"it\'s"',
  "'}}'",
  "'{{a}}'",
  "', ('",
  "')'",
  "''",
);

const { call } = fc.letrec<{ call: string; argument: string }>((tie) => ({
  argument: fc.oneof({ depthSize: 'small', withCrossShrink: true }, literal, path, tie('call')),
  call: fc
    .tuple(
      fc.constantFrom('upper', 'join', 'default', 'typeOf', 'count', 'wrap', 'nothing', 'unknown', 'constructor'),
      fc.array(fc.tuple(tie('argument'), fc.constantFrom(',', ', ', ' ,', ',,')), { maxLength: 3 }),
      fc.oneof({ weight: 12, arbitrary: fc.constant(')') }, fc.constantFrom('', '))', ') x', ' )')),
    )
    .map(([name, args, end]) => `${name}(${args.map(([argument, comma], i) => argument + (i < args.length - 1 ? comma : '')).join('')}${end}`), // prettier-ignore
}));

const blank = fc.constantFrom('', '', ' ', '\n');
const placeholder = fc
  .tuple(
    fc.oneof(path, call),
    blank,
    blank,
    fc.oneof({ weight: 12, arbitrary: fc.constant('}}') }, fc.constantFrom('}', '', '}}}')),
  )
  .map(([expression, before, after, close]) => `{{${before}${expression}${after}${close}`);
const noise = fc.string({
  unit: fc.constantFrom('{', '}', '{{', '}}', "'", '"', '(', ')', ',', '.', '[', ']', ' ', 'a', '0'),
  maxLength: 12,
});
const text = fc
  .array(fc.oneof({ weight: 4, arbitrary: placeholder }, noise), { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join(''));

const { template } = fc.letrec<{ template: unknown }>((tie) => ({
  template: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    text,
    fc.array(tie('template'), { maxLength: 3 }),
    fc
      .array(fc.tuple(fc.oneof(key, text), tie('template')), { maxLength: 3 })
      .map((entries) => Object.fromEntries(entries)),
  ),
}));

/** What came of it, in a form that can be compared: which error it was is told elsewhere. */
function outcome(resolve: () => unknown): unknown {
  try {
    return { value: JSON.stringify(resolve()) };
  } catch (error) {
    return { failed: error instanceof Error };
  }
}

describe('any template in any scope', () => {
  const scopes = fc
    .record({ input: json, current: json, output: json })
    .map(({ input, current, output }) =>
      scopeOf({ api_input: input, current, index: 0, workflow_id: 'wf-1' }, { s1: output }),
    );

  it.each(['lenient', 'strict'] as const)('resolves in a %s run as the naive model resolves it', (mode) => {
    let resolved = 0;
    fc.assert(
      fc.property(template, scopes, (value, scope) => {
        const expected = outcome(() => new NaiveModel(scope, helpers, mode).resolve(value));
        expect(outcome(() => compile(value).resolve(scope, { mode, helpers }))).toEqual(expected);
        if (JSON.stringify(expected) !== JSON.stringify({ value: JSON.stringify(value) })) resolved += 1;
      }),
      { numRuns: 2_000 },
    );
    // The generator reaches what it is meant to reach: a good part of the templates come to something else than themselves.
    expect(resolved).toBeGreaterThan(500);
  });
});
