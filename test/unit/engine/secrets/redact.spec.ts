import { describe, expect, it } from '@jest/globals';
import type { Step, TaskStep } from '../../../../libs/orchestrator/src/cookbook/cookbook.js';
import { checkpoint, restore } from '../../../../libs/orchestrator/src/engine/checkpoint.js';
import { join, split } from '../../../../libs/orchestrator/src/engine/parts.js';
import { advance, resume } from '../../../../libs/orchestrator/src/engine/advance.js';
import { type Plan, planOf } from '../../../../libs/orchestrator/src/engine/plan.js';
import type { Run } from '../../../../libs/orchestrator/src/engine/run.js';
import { sealed } from '../../../../libs/orchestrator/src/engine/secrets/redact.js';
import type { Transition } from '../../../../libs/orchestrator/src/engine/transition.js';
import type { WorkflowMessage } from '../../../../libs/orchestrator/src/message/workflow-message.js';
import { completed, environment, failed, hopped, messageOf, NOW, task, transient } from '../drive.js';

/** `charge` has one sensitive field; `far` is an operation nobody here knows. */
const plan = (...steps: Step[]): Plan =>
  planOf(
    { version: '2.1.0', steps },
    {
      ...environment,
      sensitiveFields: ({ operation }) => (operation === 'far' ? undefined : operation === 'charge' ? ['card'] : []),
    },
  );
const charge = (step_id: string, card: unknown, more: object = {}): TaskStep =>
  task(step_id, { operation: 'charge', input: { card, ...more } });
const use = (step_id: string, v: unknown): TaskStep => task(step_id, { input: { v } });

const SECRET = 'S3CR3T-value';
const CARD = '{{api_input.card}}';
const input = { card: SECRET, note: `the card is ${SECRET}`, items: [{ no: SECRET }, { no: '1234' }], pin: '9876' };

const start = (steps: Plan, api_input: unknown = input): Transition =>
  resume(restore(messageOf(steps, { cookbook: { ...steps.cookbook, api_input } }), steps, 'here', NOW));

/** Answers the tasks until the one at that path is to run, or no task is. */
function until(from: Transition, path: string | undefined, answer: (path: string) => unknown = () => 1): Transition {
  let at = from;
  while (at.kind === 'execute' && at.path !== path) at = advance(at.run, completed(answer(at.path)));
  return at;
}
const textOf = ({ run }: { run: Run }): string => JSON.stringify({ ...run.message, ...checkpoint(run) });
const inputOf = ({ run }: { run: Run }): Record<string, unknown> =>
  checkpoint(run).cookbook['api_input'] as Record<string, unknown>;

describe('a secret', () => {
  const group = (step_id: string, ...steps: Step[]): Step => ({ step_id, type: 'steps', steps });
  const choice = (step_id: string, expression: string, one: Step): Step => ({ step_id, type: 'switch', expression, cases: { x: one } }); // prettier-ignore
  const each = (step_id: string, iterator: string, ...body: Step[]): Step => ({ step_id, type: 'foreach', iterator, body }); // prettier-ignore
  const later = use('z', 'nothing');

  it.each<[string, Step[], string, boolean]>([
    ['its last reference was consumed', [charge('a', CARD), later], 'z', false],
    ['a later step refers to it', [charge('a', CARD), use('b', CARD), later], 'b', true],
    ['that step has run, too', [charge('a', CARD), use('b', CARD), later], 'z', false],
    ['a later step refers to what holds it', [charge('a', CARD), use('b', '{{api_input}}'), later], 'b', true],
    ['a later step refers to a part of it', [charge('a', CARD), use('b', '{{api_input.card.no}}'), later], 'b', true],
    ['a later step refers to its sister', [charge('a', CARD), use('b', '{{api_input.pin}}')], 'b', false],
    ['a later field merely has the same name', [charge('a', CARD), use('b', { card: 'x' })], 'b', false],
    ['a helper of a later step is given it', [charge('a', CARD), use('b', '{{upper(api_input.card)}}')], 'b', true],
    ['a later sister in the group refers to it', [group('g', charge('a', CARD), use('b', CARD)), later], 'g.b', true],
    ['the group goes on without it', [group('g', charge('a', CARD), use('b', 1)), later], 'g.b', false],
    ['the group has ended', [group('g', charge('a', CARD), use('b', CARD)), later], 'z', false],
    ['a step after the group refers to it', [group('g', charge('a', CARD), later), use('b', CARD)], 'g.z', true],
    ['a group around goes on with it', [group('g', group('h', charge('a', CARD)), use('b', CARD))], 'g.b', true],
    ['its switch has ended', [choice('s', 'x', charge('a', CARD)), later], 'z', false],
    ['a later switch decides by it', [charge('a', CARD), use('b', 1), choice('s', CARD, later)], 'b', true],
    ['a later switch names its path', [charge('a', CARD), use('b', 1), choice('s', '$api_input.card', later)], 'b', true], // prettier-ignore
    ['only a case that may come refers to it', [charge('a', CARD), use('b', 1), choice('s', 'x', use('c', CARD))], 'b', true], // prettier-ignore
    ['a loop to come runs over what holds it', [charge('a', '{{api_input.items[0].no}}'), use('b', 1), each('e', '{{api_input.items}}', later)], 'b', true], // prettier-ignore
    ['a body to come refers to it', [charge('a', CARD), use('b', 1), each('e', '{{api_input.items}}', use('c', CARD))], 'b', true], // prettier-ignore
    ['a wait to come ends by it', [charge('a', CARD), use('b', 1), { step_id: 'w', type: 'wait', until: CARD }], 'b', true], // prettier-ignore
    ['the loop has not ended', [each('e', '{{api_input.items}}', charge('a', CARD), use('b', 1)), later], 'e[1].b', true], // prettier-ignore
    ['the loop has ended', [each('e', '{{api_input.items}}', charge('a', CARD)), later], 'z', false],
    ['a loop around the loop has not ended', [each('o', '{{api_input.items}}', each('e', '{{api_input.items}}', charge('a', CARD)), use('b', 1))], 'o[0].b', true], // prettier-ignore
  ])('when %s: %#', (_, steps, path, stays) => {
    const at = until(start(plan(...steps)), path);
    expect(at).toMatchObject({ kind: 'execute', path });
    expect(inputOf(at)['card']).toBe(stays ? SECRET : '[REDACTED]');
    expect(at.run.secrets.length > 0).toBe(stays);
    expect(textOf(at).includes(SECRET)).toBe(stays);
    expect(JSON.parse(textOf(hopped(at)))).toEqual(JSON.parse(textOf(at)));
  });

  it('stays while its step is tried again, and is known from the first attempt on', () => {
    const first = start(plan(charge('a', CARD), later));
    const again = advance(first.run, transient());
    expect(again).toMatchObject({ kind: 'delay', run: { secrets: ['/api_input/card'] } });
    expect(inputOf(again)['card']).toBe(SECRET);
    const last = advance(hopped(again).run, completed());
    expect(inputOf(last)['card']).toBe('[REDACTED]');
    expect(checkpoint(last.run).cookbook['steps']).toMatchObject([{ _execution: { status: 'completed', redacted: ['/api_input/card'] } }, {}]); // prettier-ignore
  });

  it('is noted at the top-level step in which it was removed, which keeps the note', () => {
    const at = until(start(plan(group('g', charge('a', CARD), use('b', 1)), later)), 'z');
    expect(checkpoint(at.run).cookbook['steps']).toMatchObject([{ _execution: { redacted: ['/api_input/card'] } }, {}]);
  });

  it('of an output is removed from it, also within the groups that hold it, however short it is', () => {
    const login = group('g', use('login', 1), charge('a', '{{steps.login.output.pin}}'));
    const at = until(start(plan(login, later)), 'z', () => ({ pin: '9876', user: 'ada' }));
    expect(at.run.outputs.get('g')).toMatchObject({ results: { login: { pin: '[REDACTED]', user: 'ada' } } });
    expect(at.run.executions.get('g')?.redacted).toEqual(['/steps/login/output/pin']);
  });

  it('of an output stays while it is referred to by the name that a group around gives it', () => {
    const login = group('g', use('login', 1), charge('a', '{{steps.login.output.pin}}'));
    const steps = plan(login, later, use('b', '{{steps.g.output.results.login.pin}}'), use('c', 1));
    const answer = (): unknown => ({ pin: '9876' });
    expect(until(start(steps), 'b', answer).run.outputs.get('g')).toMatchObject({
      results: { login: { pin: '9876' } },
    });
    expect(textOf(until(start(steps), 'c', answer))).not.toContain('"results":{"login":{"pin":"9876"}');
  });

  it('of an item is one of the list, and of what the loop comes to', () => {
    const loop = each('e', '{{api_input.items}}', charge('a', '{{current.no}}'));
    const inside = until(start(plan(loop, later)), 'e[1].a');
    expect(inside.run.secrets).toEqual(['/api_input/items/0/no', '/steps/e/output/iterations/0/item/no']);
    const after = until(inside, 'z');
    expect(inputOf(after)['items']).toEqual([{ no: '[REDACTED]' }, { no: '[REDACTED]' }]);
    expect(after.run.outputs.get('e')).toMatchObject({ iterations: [{ item: { no: '[REDACTED]' } }, { item: { no: '[REDACTED]' } }] }); // prettier-ignore
    expect(textOf(after)).not.toContain('1234');
  });

  it('of an item within an item is found through both lists', () => {
    const rows = [{ cards: [{ no: '1111' }, { no: '2222' }] }];
    const inner = each('i', '{{current.cards}}', charge('a', '{{current.no}}'));
    const after = until(start(plan(each('o', '{{api_input.rows}}', inner), later), { rows }), 'z');
    expect(textOf(after)).not.toMatch(/1111|2222/);
    expect(after.run.executions.get('o')?.redacted).toContain('/api_input/rows/0/cards/1/no');
  });

  it('of an item whose list a helper made is one of the loop alone', () => {
    const steps = planOf(
      plan(each('e', '{{rows(api_input.items)}}', charge('a', '{{current.no}}')), later).cookbook,
      { ...environment, helpers: { rows: (list: never) => list }, sensitiveFields: ({ operation }) => (operation === 'charge' ? ['card'] : []) }, // prettier-ignore
    );
    expect(until(start(steps), 'e[1].a').run.secrets).toEqual(['/steps/e/output/iterations/0/item/no']);
  });

  it('of an input that is one reference is the field of what it refers to', () => {
    const steps = plan(task('a', { operation: 'charge', input: '{{api_input}}' }), later);
    expect(until(start(steps), 'z').run.executions.get('a')?.redacted).toEqual(['/api_input/card']);
  });

  it('is removed wherever its text recurs, in retry histories too', () => {
    const first = start(plan(use('s', CARD), charge('a', CARD), later));
    const noisy = advance(first.run, transient({ message: `no ${SECRET}`, details: [{ [SECRET]: SECRET }] }));
    const at = until(advance(noisy.run, completed({ got: SECRET, [SECRET]: 1 })), 'z');
    expect(inputOf(at)['note']).toBe('the card is [REDACTED]');
    expect(at.run.outputs.get('s')).toEqual({ got: '[REDACTED]', '[REDACTED]': 1 });
    expect(textOf(at)).not.toContain(SECRET);
  });

  it('that is short, or a number, is removed from its place alone', () => {
    const steps = plan(charge('a', ['{{api_input.pin}}', '{{api_input.n}}']), later);
    const at = until(start(steps, { pin: '9876', n: 12, other: '9876', m: 12 }), 'z');
    expect(inputOf(at)).toEqual({ pin: '[REDACTED]', n: '[REDACTED]', other: '9876', m: 12 });
  });

  it('stays in a copy that a later step is given as its secret, until that has run', () => {
    const copy = use('s', CARD);
    const answer = (path: string): unknown => (path === 's' ? { got: SECRET, more: [SECRET] } : 1);
    const steps = plan(copy, charge('a', CARD), charge('b', '{{steps.s.output.got}}'), later);
    const before = until(start(steps), 'b', answer);
    expect(before.run.secrets).toEqual(['/steps/s/output/got']);
    expect(before.run.outputs.get('s')).toEqual({ got: SECRET, more: ['[REDACTED]'] });
    expect(inputOf(before)).toMatchObject({ card: '[REDACTED]', note: 'the card is [REDACTED]' });
    expect(textOf(until(before, 'z', answer))).not.toContain(SECRET);
  });

  it.each<[string, Step]>([
    ['an operation that nobody here knows', task('b', { operation: 'far', input: { v: '{{steps.s.output.got}}' } })],
    ['a switch', choice('b', '{{steps.s.output.got}}', later)],
  ])('stays in a copy that %s refers to', (_, step) => {
    const at = until(start(plan(use('s', CARD), charge('a', CARD), use('y', 1), step)), 'y', (path) => (path === 's' ? { got: SECRET } : 1)); // prettier-ignore
    expect(at.run.secrets).toEqual(['/steps/s/output/got']);
    expect(at.run.outputs.get('s')).toEqual({ got: SECRET });
  });

  it('is handed over only where a step after the delivery refers to it', () => {
    const told = [charge('a', CARD), charge('b', '{{api_input.note}}'), charge('told', '{{api_input.note}}')];
    const steps = planOf({ ...plan(...told).cookbook, delivery: { on_result: 'told' } }, plan(...told).environment);
    const end = until(start(steps, { card: SECRET, note: 'another-secret' }), undefined);
    expect(end).toMatchObject({ kind: 'hand_over', run: { secrets: ['/api_input/note'] } });
    expect(inputOf(end)).toEqual({ card: '[REDACTED]', note: 'another-secret' });
  });

  it('of a delivery is removed from its result, whose status stays', () => {
    const steps = plan(charge('a', '{{delivery._result.key}}'), later);
    const result = { status: 'completed', key: 'delivery-key' };
    const message = messageOf(steps, { deliveryResult: result, cookbook: { ...steps.cookbook, delivery: {} } });
    const run = restore(message, steps, 'here', NOW);
    const { run: after } = advance(run, completed());
    expect(after.message.deliveryResult).toEqual({ status: 'completed', key: '[REDACTED]' });
    expect(after.executions.get('a')?.redacted).toEqual(['/delivery/_result/key']);
  });
});

describe('in a fork', () => {
  const fork = (strategy: 'all' | 'first' | 'merge' | 'last', branches: Record<string, Step | Step[]>): Step => ({ step_id: 'f', type: 'fork_join', join: { strategy }, branches }); // prettier-ignore

  function joined(steps: Plan, last: number, answer: (path: string) => unknown): Run {
    const at = start(steps);
    if (at.kind !== 'fork') throw new TypeError('no fork');
    const ends = split(at.run, 1).map((part) => until(resume(part), undefined, answer));
    const arrivals = ends.flatMap((end) => (end.kind === 'arrive' ? [end] : []));
    for (const end of ends) if (end.run.secrets.length > 0) expect(textOf(end)).toContain(SECRET);
    const results = JSON.parse(JSON.stringify(Object.fromEntries(arrivals.map(({ part, result }) => [part, result])))) as never; // prettier-ignore
    return join((arrivals[last] ?? at).run, results);
  }

  it.each([0, 1])(
    'nothing is removed before the parts have met, and then the same, whoever comes last (%p)',
    (last) => {
      const branches = { l: charge('a', CARD), r: [use('b', '{{api_input.note}}'), charge('c', '{{steps.b.output}}')] };
      const run = joined(plan(fork('all', branches), use('z', 1)), last, (path) => (path === 'f.r.b' ? `x ${SECRET}` : 1)); // prettier-ignore
      expect(run.secrets).toEqual([]);
      expect(textOf({ run })).not.toContain(SECRET);
      expect(run.executions.get('f')?.redacted).toEqual(['/api_input/card', '/steps/b/output']);
      expect(resume(run)).toMatchObject({ kind: 'execute', path: 'z' });
    },
  );

  it('it stays where a step after the join refers to it', () => {
    const run = joined(plan(fork('all', { l: charge('a', CARD), r: use('b', 1) }), use('z', CARD)), 0, () => 1);
    expect(run.secrets).toEqual(['/api_input/card']);
    expect(inputOf({ run })['card']).toBe(SECRET);
  });

  it.each(['all', 'first', 'merge', 'last'] as const)(
    'of an output is removed from the result, too (%s)',
    (strategy) => {
      const branches = { l: [use('b', 1), charge('a', '{{steps.b.output.pin}}')] };
      const run = joined(plan(fork(strategy, branches), use('z', 1)), 0, () => ({ pin: '9876' }));
      const after = resume(run);
      expect(JSON.stringify(after.run.outputs.get('f'))).toContain('"b":{"pin":"[REDACTED]"}');
    },
  );

  it('lanes know the items by their numbers in the whole list', () => {
    const loop: Step = { step_id: 'e', type: 'foreach', concurrency: 2, iterator: '{{api_input.items}}', body: [charge('a', '{{current.no}}')] }; // prettier-ignore
    const items = ['1111', '2222', '3333', SECRET].map((no) => ({ no }));
    const at = start(plan(loop, use('z', 1)), { items });
    const ends = split(at.run, 1).map((part) => until(resume(part), undefined));
    expect(ends[1]?.run.secrets).toContain('/api_input/items/3/no');
    const results = Object.fromEntries(ends.flatMap((end) => (end.kind === 'arrive' ? [[end.part, end.result]] : [])));
    const run = join((ends[0] ?? at).run, results);
    expect(textOf({ run })).not.toMatch(/1111|2222|3333|S3CR3T/);
    expect(resume(run).run.outputs.get('e')).toMatchObject({ count: 4 });
  });
});

describe('the end of a run', () => {
  const seal = (at: Transition): ReturnType<typeof sealed> => {
    if (at.kind !== 'complete' && at.kind !== 'fail') throw new TypeError(at.kind);
    return sealed(at);
  };

  it('holds no secret of a step that never ran', () => {
    const steps = plan(use('s', 1), { step_id: 'w', type: 'switch', expression: 'y', cases: { x: charge('a', CARD) } });
    const end = seal(until(start(steps), undefined));
    expect(textOf(end)).not.toContain(SECRET);
    expect(end).toMatchObject({ kind: 'complete', output: { selectedCase: null } });
  });

  it('leaves the run as it was, and can be read', () => {
    const steps = plan(charge('a', CARD, { list: [CARD] }), use('b', CARD));
    const at = advance(start(steps).run, failed({ message: `bad ${SECRET}`, details: { [SECRET]: 1 } }));
    const end = seal(at);
    expect(textOf(at)).toContain(SECRET);
    expect(textOf(end)).not.toContain(SECRET);
    expect(end).toMatchObject({ failure: { message: 'bad [REDACTED]', details: { '[REDACTED]': 1 } } });
    const message = JSON.parse(textOf(end)) as WorkflowMessage;
    expect(() => restore(message, steps, 'here', NOW)).not.toThrow();
  });

  it('holds none in the middle of a loop, not of the items to come either, and can be read', () => {
    const loop: Step = { step_id: 'e', type: 'foreach', iterator: '{{api_input.items}}', body: [use('b', '{{current}}'), charge('a', '{{current.no}}')] }; // prettier-ignore
    const steps = plan(loop);
    const items = ['1111', '2222', SECRET].map((no) => ({ no }));
    const at = until(start(steps, { items }), 'e[1].a', (path) => (path.endsWith('b') ? { b: path } : 1));
    const end = seal(advance(at.run, failed()));
    expect(textOf(end)).not.toMatch(/1111|2222|S3CR3T/);
    expect(textOf(end)).toContain('"b":"e[0].b"');
    const message = JSON.parse(textOf(end)) as WorkflowMessage;
    expect(() => restore(message, steps, 'here', NOW)).not.toThrow();
  });

  it('holds no secret that is written in the cookbook; names and references stay', () => {
    const steps = plan({ ...charge('a', 'literally-secret', { x: `${CARD} literally-secret` }), description: 'a literally-secret step' } as TaskStep, use('card', '{{api_input.note}} of api_input')); // prettier-ignore
    const end = seal(until(start(steps, { card: 'api_input.note', note: 'x' }), undefined));
    expect(textOf(end)).not.toContain('literally-secret');
    expect(checkpoint(end.run).cookbook['steps']).toMatchObject([
      { description: 'a [REDACTED] step', input: { card: '[REDACTED]', x: '{{api_input.card}} [REDACTED]' } },
      { input: { v: '{{api_input.note}} of api_input' } },
    ]);
    expect(end.run.executions.get('card')?.redacted).toEqual(['/cookbook/steps/0/input/card', '/cookbook/steps/0/input/x']); // prettier-ignore
  });

  it('is the same object where nothing is secret', () => {
    const at = until(start(plan(use('a', CARD))), undefined);
    expect(seal(at)).toBe(at);
  });
});
