import { describe, expect, it } from '@jest/globals';
import { advance, resume, stop } from '../../../libs/orchestrator/src/engine/advance.js';
import { join, split, walk } from '../../../libs/orchestrator/src/engine/parts.js';
import type { Transition } from '../../../libs/orchestrator/src/engine/transition.js';
import { begin, completed, drive, failed, failure, hopped, NOW, planned, task, transient } from './drive.js';

type Of<Kind extends Transition['kind']> = Transition & { readonly kind: Kind };
function is<Kind extends Transition['kind']>(transition: Transition, kind: Kind): Of<Kind> {
  expect(transition.kind).toBe(kind);
  return transition as Of<Kind>;
}

describe('a run moves from task to task', () => {
  it('in the order of the cookbook, and completes with the last output', () => {
    const { paths, end } = drive(begin(planned(task('a'), task('b'))), (path) => completed(path));
    expect(paths).toEqual(['a', 'b']);
    expect(is(end, 'complete').output).toBe('b');
  });

  it('without an output of a step that has none: the key stays absent', () => {
    const { end } = drive(begin(planned(task('a'), task('b'))), () => completed(undefined));
    expect([...end.run.outputs]).toEqual([]);
    expect(is(end, 'complete').output).toBeUndefined();
  });

  it('to the service that a task or pinned control flow names', () => {
    expect(is(begin(planned(task('a', { service: 'there' }))), 'execute').service).toBe('there');
    const pinned = planned({ step_id: 'g', type: 'steps', service: 'there', steps: [task('a')] });
    expect(is(begin(pinned), 'forward').service).toBe('there');
  });

  it('the same way whether it stays in the process or travels before every task', () => {
    const plan = planned(
      {
        step_id: 'each',
        type: 'foreach',
        iterator: '{{api_input.items}}',
        body: [task('x'), { step_id: 'g', type: 'steps', steps: [task('y')] }],
      },
      { step_id: 'if', type: 'switch', expression: '{{api_input.n}}', cases: { 7: task('seven') } },
    );
    const stays = drive(begin(plan), (path) => completed(path));
    const paths: string[] = [];
    let transition = hopped(begin(plan));
    while (transition.kind === 'execute') {
      paths.push(transition.path);
      const next = advance(transition.run, completed(transition.path));
      transition = next.kind === 'execute' ? hopped(next) : next;
    }
    expect(paths).toEqual(stays.paths);
    expect(paths).toEqual([
      'each[0].x',
      'each[0].g.y',
      'each[1].x',
      'each[1].g.y',
      'each[2].x',
      'each[2].g.y',
      'if.seven',
    ]);
  });
});

describe('a failed task', () => {
  it('is tried again with a growing back-off while it is worth it and attempts are left', () => {
    let transition = begin(planned(task('a')));
    const delays: (number | undefined)[] = [];
    for (let attempt = 1; attempt <= 2; attempt += 1) {
      const delay = is(advance(transition.run, transient()), 'delay');
      delays.push('ms' in delay ? delay.ms : undefined);
      transition = resume(delay.run);
    }
    expect(delays).toEqual([1_000, 2_000]);
    const { failure: end } = is(advance(transition.run, transient()), 'fail');
    expect(end).toMatchObject({ step: 'a', path: 'a', attempts: 3, ref: 'w/0/a/3' });
  });

  it('waits at least as long as the failing side asked for', () => {
    expect(advance(begin(planned(task('a'))).run, transient({ after: 9_000 }))).toMatchObject({
      kind: 'delay',
      after: 9_000,
    });
  });

  it('is not tried again when repeating it cannot help', () => {
    expect(advance(begin(planned(task('a'))).run, failed()).kind).toBe('fail');
  });

  it('follows the nearest retry outwards, field by field', () => {
    const plan = planned({
      step_id: 'g',
      type: 'steps',
      retry: { max_attempts: 2, delay_ms: 50 },
      steps: [task('a', { retry: { backoff_multiplier: 10 } })], // prettier-ignore
    });
    const delay = is(advance(begin(plan).run, transient()), 'delay');
    expect(delay).toMatchObject({ ms: 50 });
    expect(advance(resume(delay.run).run, transient()).kind).toBe('fail');
  });

  it('counts attempts for itself: the next task starts with the first', () => {
    const plan = planned(task('a'), task('b'));
    const again = is(advance(begin(plan).run, transient()), 'delay');
    const next = is(advance(resume(again.run).run, completed(1)), 'execute');
    expect([next.path, next.run.attempt]).toEqual(['b', 1]);
  });

  it('keeps its attempts in the history of its top-level step, with paths', () => {
    const plan = planned({ step_id: 'g', type: 'steps', steps: [task('a')] });
    const { run } = advance(begin(plan).run, transient({ message: 'busy', code: null }));
    expect(run.executions.get('g')).toMatchObject({
      status: 'retrying',
      retry_history: [
        { attempt: 1, path: 'g.a', error: 'busy', error_type: 'TRANSIENT', error_code: null, status_code: 503 },
      ],
    });
  });

  it('leaves the frames as they are when the run fails: it can be requeued from there', () => {
    const plan = planned({ step_id: 'each', type: 'foreach', iterator: '{{api_input.items}}', body: [task('x')] });
    const { end } = drive(begin(plan), (path) => (path === 'each[1].x' ? failed() : completed(path)));
    expect(is(end, 'fail').failure).toMatchObject({ path: 'each[1].x', step: 'x' });
    expect(end.run.frames).toMatchObject([{ step: 'each', index: 1, at: 0 }]);
  });

  it('in a foreach repeats the item it failed at, not the loop', () => {
    const plan = planned({ step_id: 'each', type: 'foreach', iterator: '{{api_input.items}}', body: [task('x')] });
    const { end, paths } = drive(begin(plan), (path) => (path === 'each[2].x' ? transient() : completed(path)));
    expect(paths).toEqual(['each[0].x', 'each[1].x', 'each[2].x']);
    expect(is(hopped(is(end, 'delay')), 'execute').path).toBe('each[2].x');
  });
});

describe('control flow that makes no sense', () => {
  it('fails its step, once, with the error of the engine', () => {
    const plan = planned({ step_id: 'each', type: 'foreach', iterator: '{{api_input.n}}', body: [task('x')] });
    expect(is(begin(plan), 'fail').failure).toMatchObject({ path: 'each', source: 'engine', code: 'STEP_INVALID' });
  });

  it('fails a wait whose moment is no moment', () => {
    const plan = planned({ step_id: 'w', type: 'wait', until: '{{api_input.n}}' });
    expect(is(begin(plan), 'fail').failure.message).toContain('RFC 3339');
  });
});

describe('a wait', () => {
  it('holds the run until then, and goes on at once when it is read after that', () => {
    const plan = planned({ step_id: 'w', type: 'wait', duration_ms: 5_000 }, task('a'));
    const delay = is(begin(plan), 'delay');
    expect(delay).toMatchObject({ until: NOW + 5_000 });
    delay.run.now = NOW + 5_000;
    const next = is(hopped(delay), 'execute');
    expect(next.path).toBe('a');
    expect(next.run.outputs.get('w')).toEqual({ type: 'wait', step_id: 'w', waited_until: '2030-01-01T00:00:05.000Z' });
  });
});

describe('a switch', () => {
  const plan = (expression: string) =>
    planned({
      step_id: 's',
      type: 'switch',
      expression,
      cases: { toString: task('t'), 7: task('seven') },
      default: task('other'),
    });

  it.each([
    ['{{api_input.n}}', 's.seven'],
    ['$api_input.n', 's.seven'],
    ['toString', 's.t'],
    ['valueOf', 's.other'],
    ['constructor', 's.other'],
  ])('%s takes the case of that name, never an inherited one: %s', (expression, path) => {
    expect(is(begin(plan(expression)), 'execute').path).toBe(path);
  });

  it('without a match and a default has neither case nor result', () => {
    const none = planned({ step_id: 's', type: 'switch', expression: '{{api_input.n}}', cases: { 8: task('a') } });
    expect(is(begin(none), 'complete').output).toMatchObject({ value: 7, selectedCase: null, result: null });
  });
});

describe('a fork', () => {
  const fork = planned({
    step_id: 'f', type: 'fork_join', join: { strategy: 'all' },
    branches: { a: task('x'), b: [task('y'), task('z')], valueOf: task('v') },
  }, task('after')); // prettier-ignore
  const lanes = planned({
    step_id: 'each',
    type: 'foreach',
    concurrency: 2,
    iterator: '{{api_input.items}}',
    body: [task('x')],
  });

  it('asks to be split: it does not choose how its parts run', () => {
    expect(is(begin(fork), 'fork').join).toBe('f');
    expect(is(begin(lanes), 'fork').join).toBe('each');
  });

  it('walks its parts one after another in one message, and joins them', () => {
    const { run } = begin(fork);
    walk(run, 1);
    const { paths, end } = drive(resume(run), (path) => completed(path));
    expect(paths).toEqual(['f.a.x', 'f.b.y', 'f.b.z', 'f.valueOf.v', 'after']);
    expect(end.run.outputs.get('f')).toEqual({
      type: 'fork_join',
      step_id: 'f',
      join: { strategy: 'all' },
      branches: { a: 'f.a.x', b: { y: 'f.b.y', z: 'f.b.z' }, valueOf: 'f.valueOf.v' },
      result: { a: 'f.a.x', b: { y: 'f.b.y', z: 'f.b.z' }, valueOf: 'f.valueOf.v' },
    });
  });

  it('walks on from message to message', () => {
    const { run } = begin(lanes);
    walk(run, 1);
    const paths: string[] = [];
    let transition = hopped(resume(run));
    while (transition.kind === 'execute') {
      paths.push(transition.path);
      const next = advance(transition.run, completed(transition.path));
      transition = next.kind === 'execute' ? hopped(next) : next;
    }
    expect(paths).toEqual(['each[0].x', 'each[2].x', 'each[1].x']);
    const outputs = ['each[0].x', 'each[1].x', 'each[2].x'].map((x) => ({ x }));
    expect(is(transition, 'complete').output).toMatchObject({
      count: 3,
      iterations: outputs.map((each) => ({ outputs: each })),
    });
  });

  it('splits into runs that know their sisters, and joins their results in the order of the parts', () => {
    const { run } = begin(lanes);
    const ends = split(run, 4).map((part) => is(drive(resume(part), (path) => completed(path)).end, 'arrive'));
    expect(ends.map(({ part, of, join: name }) => [part, of, name])).toEqual([
      ['0', ['0', '1'], 'each'],
      ['1', ['0', '1'], 'each'],
    ]);
    expect(ends[0]?.run.frames.at(-1)?.part).toMatchObject({ seq: 4, history: 0 });
    const results = Object.fromEntries(ends.reverse().map(({ part, result }) => [part, result]));
    const [{ run: part } = { run }] = ends;
    const joined = join(part, results);
    expect(is(resume(joined), 'complete').output).toMatchObject({
      iterations: [0, 1, 2].map((index) => ({ index, outputs: { x: `each[${index}].x` } })),
    });
    expect(run.frames).toHaveLength(1);
    expect(run.frames[0]).toMatchObject({ fork: true });
  });

  it('lets every part settle before the step fails, and reports the first declared failure', () => {
    const { run } = begin(fork);
    walk(run, 1);
    const { paths, end } = drive(resume(run), (path) => (path === 'f.a.x' ? completed(1) : failed({ message: path })));
    expect(paths).toEqual(['f.a.x', 'f.b.y', 'f.valueOf.v']);
    expect(is(end, 'fail').failure).toMatchObject({ path: 'f.b.y', message: 'f.b.y' });
    expect(end.run.history).toHaveLength(2);
  });

  it('of lanes reports the failure of the lowest index', () => {
    const { run } = begin(lanes);
    walk(run, 1);
    const { end, paths } = drive(resume(run), (path) => (path === 'each[0].x' ? completed(1) : failed()));
    expect(paths).toEqual(['each[0].x', 'each[2].x', 'each[1].x']);
    expect(is(end, 'fail').failure.path).toBe('each[1].x');
  });

  it('hands a failure that happens deep within a part to that part', () => {
    const deep = planned({
      step_id: 'f', type: 'fork_join', join: { strategy: 'all' },
      branches: {
        a: { step_id: 'g', type: 'steps', steps: [{ step_id: 'each', type: 'foreach', iterator: '{{api_input.items}}', body: [task('x')] }] },
        b: task('y'),
      },
    }); // prettier-ignore
    const { run } = begin(deep);
    walk(run, 1);
    const { paths, end } = drive(resume(run), (path) => (path === 'f.a.g.each[1].x' ? failed() : completed(1)));
    expect(paths).toEqual(['f.a.g.each[0].x', 'f.a.g.each[1].x', 'f.b.y']);
    expect(is(end, 'fail').failure.path).toBe('f.a.g.each[1].x');
  });
});

describe('a run that is stopped', () => {
  it('fails where it stands, for a reason that no step gave', () => {
    const end = stop(begin(planned(task('a'))).run, failure({ code: 'RUN_EXPIRED' }));
    expect(is(end, 'fail').failure).toMatchObject({ code: 'RUN_EXPIRED', path: 'a' });
    expect(end.run.executions.get('a')).toMatchObject({ status: 'failed' });
  });
});
