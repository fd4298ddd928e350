import { describe, expect, it } from '@jest/globals';
import { HttpException, type LoggerService } from '@nestjs/common';
import type { WorkflowEvent } from '../../libs/orchestrator/src/events/workflow.event.js';
import type { TestOperations } from '../../libs/orchestrator/src/testing/service-of.js';
import { fail } from '../support/handlers.js';
import { alpha, boot, broker, cookbook, run, sent, services, store, task, terminals } from '../support/services.js';

const SECRET = 'S3CR3T-value';
const PASSWORD = '{{api_input.password}}';
const input = { password: SECRET, note: `it is ${SECRET}`, user: 'ada' };

/** Every service has `login`, whose password is secret, and `echo`; each notes what it was given. */
function operations(given: unknown[] = [], more: TestOperations = {}): TestOperations {
  const note = (value: unknown): unknown => (given.push(structuredClone(value)), value);
  return {
    reads: { login: (value: unknown) => note(value), echo: (value: unknown) => note(value), ...more.reads },
    mutates: { pay: (value: unknown) => note(value), ...more.mutates },
    sensitive: { login: ['password'], pay: ['password'], ...more.sensitive },
  };
}

/** What the record of every run is told. */
function recordings(): string[] {
  const told: string[] = [];
  const target = store();
  for (const method of ['record', 'arrive', 'end'] as const) {
    const original = target[method].bind(target) as (...args: unknown[]) => Promise<unknown>;
    Object.assign(target, {
      [method]: (...args: unknown[]) => (told.push(`${method} ${JSON.stringify(args.slice(1))}`), original(...args)),
    });
  }
  return told;
}

function listening(): WorkflowEvent[] {
  const events: WorkflowEvent[] = [];
  alpha().events$.subscribe((event) => events.push(event));
  return events;
}

/** A log that keeps what it is told. */
function logger(lines: string[]): LoggerService {
  const keep = (...parts: unknown[]): void => void lines.push(parts.map(String).join(' '));
  return { log: keep, warn: keep, error: keep };
}

const holding = (texts: readonly unknown[], secret = SECRET): unknown[] =>
  texts.filter((text) => JSON.stringify(text).includes(secret));

describe('a secret of a run that completes', () => {
  it('reaches its step, and nothing else holds it: not its output, the record, events, the log, or the end', async () => {
    const given: unknown[] = [];
    const lines: string[] = [];
    await boot({ alpha: operations(given), beta: operations(given) }, {}, [], logger(lines));
    const told = recordings();
    const events = listening();
    const login = { password: PASSWORD, user: '{{api_input.user}}' };
    const steps = [task('a', 'alpha', 'login', login), task('b', 'beta', 'echo', { v: '{{steps.a.output}}' })];
    const ended = await run(cookbook(...steps), { input });
    expect(given).toEqual([{ password: SECRET, user: 'ada' }, { v: { password: '[REDACTED]', user: 'ada' } }]);
    expect(ended).toMatchObject({ status: 'completed', steps: { a: { password: '[REDACTED]', user: 'ada' } } });
    expect(events.length).toBeGreaterThan(4);
    expect(told.length).toBeGreaterThan(1);
    expect(holding([...sent('beta.workflow'), ...terminals(), ended, told, events, lines])).toEqual([]);
    expect(terminals()).toMatchObject([
      {
        cookbook: {
          api_input: { password: '[REDACTED]', note: 'it is [REDACTED]', user: 'ada' },
          steps: [{ _execution: { redacted: ['/api_input/password'] } }, {}],
        },
      },
    ]);
    expect(terminals()[0]).not.toHaveProperty('secrets');
  });

  it('travels on while another service needs it, which learns from the message that it is one', async () => {
    const given: unknown[] = [];
    const echo = (value: unknown): unknown => (given.push(value), value);
    await boot({ alpha: operations(given), beta: { reads: { echo } }, gamma: operations(given) });
    const steps = [
      task('a', 'alpha', 'login', { password: PASSWORD }),
      task('b', 'beta', 'echo', { v: PASSWORD }),
      task('c', 'gamma', 'pay', { password: PASSWORD }),
      task('d', 'beta', 'echo', {}),
    ];
    expect(await run(cookbook(...steps), { input })).toMatchObject({ steps: { b: { v: '[REDACTED]' } } });
    expect(given).toEqual([{ password: SECRET }, { v: SECRET }, { password: SECRET }, {}]);
    expect(sent('gamma.workflow')).toMatchObject([{ secrets: ['/api_input/password'] }]);
    const [toB, toD] = sent('beta.workflow');
    expect(toB).toMatchObject({ secrets: ['/api_input/password'] });
    expect(holding([toD, ...terminals()])).toEqual([]);
  });

  it('that only looks like one is untouched, and costs its message nothing', async () => {
    await boot({ alpha: operations(), beta: operations() });
    const steps = [task('a', 'alpha', 'echo', { password: PASSWORD }), task('b', 'beta', 'echo', { v: PASSWORD })];
    await run(cookbook(...steps), { input });
    expect(holding(terminals())).toHaveLength(1);
    for (const message of sent('beta.workflow')) expect(message).not.toHaveProperty('secrets');
    expect(JSON.stringify(terminals())).not.toContain('redacted');
  });

  it.each<[string, unknown, unknown]>([
    ['short', '1234', '1234'],
    ['a number', 4111111111111111, 4111111111111111],
    ['of any script', 'пароль-密码-🔑', 'пароль-密码-🔑'],
    ['of quotes and lines', 'say "hi"\nand \\ more', 'say "hi"\nand \\ more'],
    ['an object', { user: 'a-long-user', pin: '12' }, { user: 'a-long-user', pin: '12' }],
    ['a list', ['first-secret', 'second-secret'], ['first-secret', 'second-secret']],
  ])('is removed from its place, and not seen in what repeats it: %s', async (_, password, real) => {
    const given: unknown[] = [];
    const json = (value: unknown): unknown => (given.push(value), { text: JSON.stringify(value) });
    await boot({ alpha: { reads: { json }, sensitive: { json: ['password'] } } });
    await run(cookbook(task('a', 'alpha', 'json', { password: PASSWORD })), { input: { password, copy: password } });
    expect(given).toEqual([{ password: real }]);
    expect(terminals()).toMatchObject([{ cookbook: { api_input: { password: '[REDACTED]' } } }]);
    if (password === '1234') return; // too short to be looked for
    expect(JSON.stringify(terminals())).not.toMatch(/41111111|密码|say |a-long-user|first-secret|second-secret/);
  });

  it('that holds another is removed whole', async () => {
    await boot({ alpha: operations() });
    const values = { password: `${SECRET}-and-more`, other: SECRET, text: `x ${SECRET}-and-more y` };
    const steps = [task('a', 'alpha', 'login', { password: PASSWORD }), task('b', 'alpha', 'pay', { password: '{{api_input.other}}' })]; // prettier-ignore
    await run(cookbook(...steps), { input: values });
    expect(terminals()).toMatchObject([{ cookbook: { api_input: { text: 'x [REDACTED] y' } } }]);
  });

  it('that a helper makes is not seen in the output of its step', async () => {
    await boot({ alpha: operations() }, { helpers: { decrypt: (text: string) => text.split('').reverse().join('') } });
    const ended = await run(cookbook(task('a', 'alpha', 'login', { password: '{{decrypt(api_input.password)}}' })), { input: { password: 'terces-edih' } }); // prettier-ignore
    expect(ended).toMatchObject({ status: 'completed', output: { password: '[REDACTED]' } });
    expect(holding(terminals(), 'terces-edih')).toEqual([]);
  });

  it('that the cookbook itself holds is not seen at the end', async () => {
    await boot({ alpha: operations(), beta: operations() });
    const steps = [task('a', 'alpha', 'login', { password: SECRET }), task('b', 'beta', 'echo', { v: 1 })];
    await run(cookbook(...steps), { input: {} });
    expect(holding(sent('beta.workflow'))).toHaveLength(1); // the step may have to run again
    expect(holding(terminals())).toEqual([]);
    expect(terminals()).toMatchObject([{ cookbook: { steps: [{ input: { password: '[REDACTED]' } }, {}] } }]);
  });

  it('that came from an output is removed from it', async () => {
    const given: unknown[] = [];
    await boot({
      alpha: operations(given, { reads: { token: () => ({ token: SECRET, for: 'ada' }) } }),
      beta: operations(),
    });
    const steps = [
      task('a', 'alpha', 'token'),
      task('b', 'alpha', 'login', { password: '{{steps.a.output.token}}' }),
      task('c', 'beta', 'echo', { v: '{{steps.a.output}}' }),
    ];
    await run(cookbook(...steps), { input: {} });
    expect(given).toEqual([{ password: SECRET }]);
    expect(terminals()).toMatchObject([{ steps: { a: { token: '[REDACTED]', for: 'ada' } } }]);
    expect(holding(terminals())).toEqual([]);
  });
});

describe('a secret of a step that fails', () => {
  const refuse = ({ password }: { password: string }): never =>
    fail(new HttpException({ message: `no ${password}`, code: `NO_${password}`, details: [{ [password]: password }] }, 422))(); // prettier-ignore

  it('is in no failure: not in its message, code, details, the log, the record, or the failed message', async () => {
    const lines: string[] = [];
    await boot(
      { alpha: operations([], { reads: { refuse }, sensitive: { refuse: ['password'] } }) },
      {},
      [],
      logger(lines),
    );
    const told = recordings();
    const events = listening();
    const ended = await run(cookbook(task('a', 'alpha', 'refuse', { password: PASSWORD })), { input });
    expect(ended).toMatchObject({ status: 'failed', failure: { message: 'no [REDACTED]', code: 'NO_[REDACTED]' } });
    expect(lines.filter((line) => line.includes('no [REDACTED]')).length).toBeGreaterThan(1);
    expect(holding([...terminals(), ended, told, events, lines])).toEqual([]);
    expect(terminals()).toMatchObject([
      {
        error: { message: 'no [REDACTED]', details: [{ '[REDACTED]': '[REDACTED]' }] },
        cookbook: { steps: [{ _execution: { status: 'failed', redacted: ['/api_input/password'] } }] },
      },
    ]);
  });

  it('is in no retry history; the message of the next attempt still has it, and it receives it', async () => {
    const given: unknown[] = [];
    let calls = 0;
    const flaky = (value: { password: string }): unknown => {
      given.push(value.password);
      if ((calls += 1) === 1) throw new HttpException({ message: `busy ${value.password}` }, 503);
      return 'ok';
    };
    await boot({ alpha: operations([], { reads: { flaky }, sensitive: { flaky: ['password'] } }) });
    await run(cookbook(task('a', 'alpha', 'flaky', { password: PASSWORD })), { input });
    expect(given).toEqual([SECRET, SECRET]);
    const [, again] = sent('alpha.workflow');
    const steps = (again?.['cookbook'] as { steps: object[] }).steps;
    expect(steps).toMatchObject([{ _execution: { retry_history: [{ error: 'busy [REDACTED]' }] } }]);
    expect(holding(steps)).toEqual([]);
    expect(holding(terminals())).toEqual([]);
  });

  it('is in no error of control flow', async () => {
    await boot({ alpha: operations() });
    const loop = { step_id: 'e', type: 'foreach', iterator: PASSWORD, body: [task('b', 'alpha', 'echo')] };
    const ended = await run(cookbook(task('a', 'alpha', 'login', { password: PASSWORD }), loop), { input });
    expect(ended).toMatchObject({ status: 'failed', failure: { path: 'e' } });
    expect(holding([ended, ...terminals()])).toEqual([]);
  });

  it('is not in the error of a helper that was given it', async () => {
    const lines: string[] = [];
    const helpers = { broken: (text: string) => fail(new Error(`cannot read ${text}`))() };
    await boot({ alpha: operations() }, { helpers }, [], logger(lines));
    const ended = await run(cookbook(task('a', 'alpha', 'login', { password: '{{broken(api_input.password)}}' })), { input }); // prettier-ignore
    expect(ended).toMatchObject({ status: 'failed' });
    expect(holding([ended, lines, ...terminals()])).toEqual([]);
  });

  it('is not in what is carried when the outcome could not be recorded', async () => {
    await boot({ alpha: operations() });
    let calls = 0;
    const record = store().record.bind(store());
    store().record = (...args) => ((calls += 1) === 1 ? Promise.reject(new Error('away')) : record(...args));
    await run(cookbook(task('a', 'alpha', 'pay', { password: PASSWORD })), { input });
    const [, moved] = sent('alpha.workflow');
    expect(moved).toMatchObject({ carry: { a: { outcome: { output: { password: '[REDACTED]' } } } } });
    expect(holding(terminals())).toEqual([]);
  });

  it('is not in the end of a run that is cancelled, or never came to the step', async () => {
    await boot({ alpha: operations() });
    const wait = { step_id: 'w', type: 'wait', duration_ms: 1_000 };
    const { workflowId } = await alpha().start(cookbook(wait, task('a', 'alpha', 'login', { password: PASSWORD })), {
      input,
    });
    await services.clock.advance(0);
    await store().cancel(workflowId);
    await services.settle();
    expect(terminals()).toMatchObject([{ status: 'cancelled' }]);
    expect(holding(terminals())).toEqual([]);
  });
});

describe('a secret and the parts of a run', () => {
  const fork = (branches: object): object => ({ step_id: 'f', type: 'fork_join', join: { strategy: 'all' }, branches });

  it('is known to parts in other services and to the run after the join; none of their results holds it', async () => {
    const given: unknown[] = [];
    const echo = (value: unknown): unknown => (given.push(value), value);
    await boot({ alpha: operations(given), beta: { reads: { echo } } });
    const told = recordings();
    const steps = [
      task('a', 'alpha', 'login', { password: PASSWORD }),
      fork({ l: task('l', 'alpha', 'echo', { v: PASSWORD }), r: task('r', 'beta', 'echo', { v: PASSWORD }) }),
      task('z', 'beta', 'echo', { v: '{{steps.f.output}}' }),
    ];
    const ended = await run(cookbook(...steps), { input });
    expect(ended).toMatchObject({ status: 'completed', steps: { f: { branches: { l: { v: '[REDACTED]' }, r: { v: '[REDACTED]' } } } } }); // prettier-ignore
    expect(given.slice(0, 3)).toEqual([{ password: SECRET }, { v: SECRET }, { v: SECRET }]);
    expect(told.filter((line) => line.startsWith('arrive'))).toHaveLength(2);
    const parts = [...sent('alpha.workflow'), ...sent('beta.workflow')].filter(({ line }) => line !== '');
    expect(parts.map(({ secrets }) => secrets)).toEqual(parts.map(() => ['/api_input/password']));
    const continuation = sent('beta.workflow').filter(({ line }) => line === '');
    expect(continuation).toHaveLength(1);
    expect(holding([told, continuation, ended, ...terminals()])).toEqual([]);
  });

  it('of two parts are both removed after the join: each part knew one', async () => {
    await boot({ alpha: operations(), beta: operations() });
    const steps = [
      fork({
        l: task('l', 'alpha', 'login', { password: PASSWORD }),
        r: task('r', 'beta', 'login', { password: '{{api_input.other}}' }),
      }),
      task('z', 'alpha', 'echo', {}),
    ];
    await run(cookbook(...steps), { input: { ...input, other: 'another-secret' } });
    const redacted = ['/api_input/password', '/api_input/other'];
    const last = [...sent('alpha.workflow'), ...sent('beta.workflow')].filter(
      ({ line, seq }) => line === '' && seq !== 1,
    );
    expect(last).toMatchObject([{ cookbook: { steps: [{ _execution: { redacted } }, {}] } }]);
    expect(holding([...last, ...terminals()])).toEqual([]);
    expect(holding(terminals(), 'another-secret')).toEqual([]);
  });

  it.each([1, 2])('that the items of a loop share reaches every one of them (%p lanes)', async (concurrency) => {
    const given: unknown[] = [];
    await boot({ alpha: operations(given), beta: operations(given) });
    const body = [
      task('b', 'alpha', 'login', { password: PASSWORD, card: '{{current.card}}' }),
      task('c', 'beta', 'pay', { password: '{{current.card}}' }),
    ];
    const loop = { step_id: 'e', type: 'foreach', iterator: '{{api_input.items}}', concurrency, body };
    const items = ['card-one-1', 'card-two-2', '33'].map((card) => ({ card }));
    const ended = await run(cookbook(loop, task('z', 'alpha', 'echo', {})), { input: { ...input, items } });
    expect(ended).toMatchObject({ status: 'completed' });
    expect(given).toEqual(
      expect.arrayContaining(
        items.flatMap(({ card }) => [expect.objectContaining({ password: SECRET }), { password: card }]),
      ),
    );
    expect(JSON.stringify([ended, terminals()])).not.toMatch(/S3CR3T|card-one|card-two/);
    expect(ended).toMatchObject({ steps: { e: { iterations: items.map(() => ({ item: { card: '[REDACTED]' } })) } } });
    const [step] = (terminals()[0]?.['cookbook'] as { steps: { _execution: { redacted: string[] } }[] }).steps;
    expect(step?._execution.redacted).toEqual(
      expect.arrayContaining(['/api_input/password', '/api_input/items/2/card']),
    );
  });
});

describe('a secret and a message that is refused, or comes again', () => {
  it('is not in the text of a refused message that names it', async () => {
    await boot({ alpha: operations(), beta: operations() });
    const steps = [task('a', 'alpha', 'login', { password: PASSWORD }), task('b', 'beta', 'login', { password: PASSWORD })]; // prettier-ignore
    await run(cookbook(...steps), { input });
    const [message] = sent('beta.workflow');
    services.hops.length = 0;
    const wrong = { ...message, workflow_id: 'another', current_step: 'nowhere' };
    await alpha().processWorkflowMessage(wrong);
    expect(terminals()).toMatchObject([{ error: { code: 'MESSAGE_INVALID' } }]);
    expect(holding(terminals())).toEqual([]);
  });

  it('leaves the same end when the message comes again after a crash', async () => {
    await boot({ alpha: operations() });
    await run(cookbook(task('a', 'alpha', 'pay', { password: PASSWORD }), task('b', 'alpha', 'echo')), { input });
    await services.clock.advance(60_000);
    broker().publish({ destination: 'alpha.workflow', body: services.hops[0]?.body ?? '', messageId: 'again' });
    await services.settle();
    const [first, second] = terminals();
    expect(second).toEqual(first);
    expect(holding([first])).toEqual([]);
  });
});
