import { describe, expect, it } from '@jest/globals';
import { observe } from './adapter.js';
import { attemptsIn } from './attempts.js';
import { Dispatcher } from './dispatcher.js';
import { observationOf } from './observation.js';
import { type Json, readRecording, type RecordedCase } from './recorded.js';
import { CaseLog } from './run-log.js';
import { firstMessage } from './run-message.js';

const { library } = await readRecording();
const task = (step_id: string, service: string, operation: string, input: unknown = {}): Json => ({
  step_id,
  type: 'task',
  service,
  operation,
  input,
});
const caseOf = (steps: readonly unknown[], more: Partial<RecordedCase> = {}): RecordedCase => ({
  name: 'any',
  category: 'any',
  services: ['alpha', 'beta'],
  expect: 'open',
  cookbook: { version: '2.1.0', steps },
  api_input: {},
  ...more,
});

describe('the message that starts a run', () => {
  const run = { ...caseOf([task('a', 'alpha', 'echo'), task('b', 'beta', 'echo')]), control_service: 'gamma' };
  const started = (more: object): Json => JSON.parse(firstMessage({ ...run, ...more }, 2).body) as Json;

  it('holds the input, the caller and the first step', () => {
    const tenancy = { system: { tenant_id: 1 }, message: { person_id: 2 } };
    expect(started({ api_input: { n: 1 }, tenancy })).toEqual({
      workflow_id: 'wf-2',
      correlation_id: 'corr-2',
      person_id: 2,
      cookbook: { ...run.cookbook, api_input: { n: 1 }, _system: { tenant_id: 1 } },
      current_step: 'a',
    });
  });

  it('changes as the case says', () => {
    expect(started({ message_set: { extra: 1 }, message_omit: ['workflow_id'] })).toMatchObject({ extra: 1 });
    expect(started({ message_omit: ['workflow_id'] })).not.toHaveProperty('workflow_id');
    expect(firstMessage({ ...run, raw_message: '{"half' }, 1).body).toBe('{"half');
    expect(firstMessage({ ...run, raw_message: [1] }, 1).body).toBe('[1]');
  });

  it.each([
    ['the service that the case names', { start_service: 'delta', start_step: 'b' }, 'delta'],
    ['else the service of its step', { start_step: 'b' }, 'beta'],
    ['else the service of control flow', { start_step: 'g', cookbook: { steps: [{ step_id: 'g' }] } }, 'gamma'],
    ['else the first', { raw_message: 1, control_service: undefined }, 'alpha'],
  ])('goes to %s', (_, more, service) => {
    expect(firstMessage({ ...run, ...more } as typeof run, 1).service).toBe(service);
  });
});

describe('a case', () => {
  it('whose message no service takes is refused before there is a run', async () => {
    const [seen] = await observe(caseOf([task('a', 'ghost', 'echo')]), library);
    expect(seen).toMatchObject({ status: 'refused', error: { source: 'engine', kind: 'UNROUTABLE' } });
  });

  it('whose operations cannot be meant is refused for every run', async () => {
    const operations = { echo: { sensitive_input_fields: [''] } };
    const seen = await observe(caseOf([task('a', 'alpha', 'echo')], { operations, sequence: [{}, {}] }), library);
    expect(seen).toMatchObject([{ status: 'refused' }, { status: 'refused' }]);
  });

  it('may name operations that nobody has', async () => {
    const [seen] = await observe(
      caseOf([task('a', 'alpha', 'ghost')], { operations: { ghost: { mutates: true } } }),
      library,
    );
    expect(seen).toMatchObject({ status: 'failed', error: { code: 'OPERATION_NOT_FOUND', status_code: 404 } });
  });

  it('whose handler waits for ever ends by its deadline', async () => {
    const [seen] = await observe(
      caseOf([task('a', 'alpha', 'wait_gate', { gate: 'shut' })], { max_attempts: 1 }),
      library,
    );
    expect(seen).toMatchObject({ status: 'failed', error: { kind: 'OPERATION_TIMEOUT', code: null } });
  });

  it('may have runs beside each other, which are told apart', async () => {
    const waits = {
      cookbook: { version: '2.1.0', steps: [task('a', 'alpha', 'wait_gate', { gate: 'g' })] },
      with_next: true,
    };
    const opens = { cookbook: { version: '2.1.0', steps: [task('b', 'beta', 'open_gate', { gate: 'g' })] } };
    const seen = await observe(caseOf([], { sequence: [waits, opens] }), library);
    expect(seen).toMatchObject([
      { status: 'completed', outputs: { a: { waited: 'g' } }, invocations: [{ step_id: 'a' }] },
      { status: 'completed', outputs: { b: { opened: 'g' } }, invocations: [{ step_id: 'b' }] },
    ]);
  });

  it('fails to publish as often as its faults say, and only there', async () => {
    const faults = [
      { op: 'publish', match: 'beta.workflow', times: 2, error: { message: 'away', code: 'ECONNRESET' } },
    ];
    const steps = [task('a', 'alpha', 'now_counter'), task('b', 'beta', 'echo', { n: '{{steps.a.output.n}}' })];
    const [seen] = await observe(caseOf(steps, { faults }), library);
    expect(seen).toMatchObject({ status: 'completed', outputs: { b: { n: 1 } } });
  });

  it('tells every message that holds a secret', async () => {
    const steps = [task('a', 'alpha', 'echo', { v: 'a "secret"' }), task('b', 'beta', 'echo')];
    const [seen] = await observe(caseOf(steps, { secret_markers: ['a "secret"'] }), library);
    expect(seen?.leaks).toEqual(['beta.workflow>b', 'workflow.completed>b']);
  });
});

describe('a run that is handed over', () => {
  const steps = [task('a', 'alpha', 'echo'), task('receipt', 'beta', 'echo')];
  const handover = { workflow_id: 'wf-1', current_step: 'receipt', status: 'delivery_requested', api_output: 1, steps: { a: 1 }, cookbook: { steps } }; // prettier-ignore
  const handedOver = (of: RecordedCase): CaseLog => {
    const log = new CaseLog();
    log.start(of, 'wf-1');
    log.published({ destination: 'workflow.delivery_requested', body: JSON.stringify(handover), messageId: '1' });
    return log;
  };

  it('is seen so while nobody answers', async () => {
    const of = caseOf(steps);
    const { runs } = handedOver(of);
    expect(runs.map((run) => observationOf(run, of))).toMatchObject([{ status: 'delivery_requested', api_output: 1, outputs: { a: 1 } }]); // prettier-ignore
    expect(await new Dispatcher(runs, () => Promise.resolve(true)).answer()).toBe(false);
  });

  it('is resumed once, at its step, with the answer of the case', async () => {
    const answers: [string, unknown][] = [];
    const { runs } = handedOver(caseOf(steps, { delivery_simulation: { status: 'skipped' } }));
    const dispatcher = new Dispatcher(runs, (service, body) => {
      answers.push([service, JSON.parse(body)]);
      return Promise.resolve(true);
    });
    expect([await dispatcher.answer(), await dispatcher.answer()]).toEqual([true, false]);
    expect(answers).toEqual([['beta', { ...handover, delivery_result: { status: 'skipped' } }]]);
  });
});

describe('attempts', () => {
  const failed = (...paths: string[]): Json => ({
    status: 'completed',
    retry_history: paths.map((path) => ({ attempt: 1, path })),
  });
  const attempts = (step: Json): number | undefined => attemptsIn({ steps: [{ step_id: 's', ...step }] }).get('s');
  const fork = {
    step_id: 'f',
    type: 'fork_join',
    branches: { a: task('x', 'alpha', 'echo'), b: task('y', 'alpha', 'echo') },
  };

  it('are the failed ones and the one that completed', () => {
    expect(attempts({ _execution: failed('s', 's') })).toBe(3);
    expect(attempts({ _execution: { ...failed('s', 's'), status: 'failed' } })).toBe(2);
    expect(attempts({ _execution: { status: 'running' } })).toBeUndefined();
    expect(attempts({})).toBeUndefined();
  });

  it('count since the last requeue', () => {
    const retry_history = [{ attempt: 1 }, { attempt: 2 }, { dlq_entered: true }, { requeued: true }, { attempt: 1 }];
    expect(attempts({ _execution: { status: 'failed', retry_history } })).toBe(1);
  });

  it('add up over what runs one after another, not over what runs beside each other', () => {
    expect(attempts({ _execution: failed('s.a', 's.a', 's.b', 's[0].c', 's[1].c') })).toBe(6);
    const within = { steps: [fork] };
    expect(attempts({ ...within, _execution: failed('s.f.a.x', 's.f.a.x', 's.f.b.y') })).toBe(3);
    expect(attempts({ ...within, _execution: failed('s.f.a.x', 's.f.b.y', 's.z') })).toBe(3);
  });
});
