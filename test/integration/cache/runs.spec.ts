import { beforeEach, describe, expect, it } from '@jest/globals';
import { Driver } from '../../../libs/orchestrator/src/execution/driver.js';
import { TaskRunner } from '../../../libs/orchestrator/src/execution/task.runner.js';
import type { CacheOptions } from '../../../libs/orchestrator/src/cache/cache.options.js';
import type { StepCache } from '../../../libs/orchestrator/src/cache/step-cache.js';
import { getStepCacheToken } from '../../../libs/orchestrator/src/decorators/inject-orchestrator.decorator.js';
import { serviceOf } from '../../../libs/orchestrator/src/testing/service-of.js';
import { asking } from '../../support/ask.js';
import { FickleCoherence } from '../../support/fickle-coherence.js';
import { Ledger } from '../../support/ledger.js';
import {
  alpha,
  boot,
  broker,
  cookbook,
  counting,
  sent,
  services,
  store,
  task,
  terminals,
} from '../../support/services.js';

/** What a run may have changed is purged whatever becomes of the run, and nobody is told of it before. */

const ask = asking(alpha);
const acme = { tenantId: 'acme' };
const get = (tenantId = 'acme'): Promise<unknown> => ask('get', { id: 'a' }, { tenantId });
const put = (step_id: string, more: object = {}): object => task(step_id, 'alpha', 'put', { id: 'a', value: 2 }, more);

let ledger: Ledger;
let coherence: FickleCoherence;
/** How often the steps of `beta` were executed. */
let later: { charge: number };
beforeEach(() => {
  [ledger, coherence] = [new Ledger({ a: 1 }), new FickleCoherence()];
});

async function bootLedger(more: CacheOptions = {}): Promise<void> {
  const { count, operations } = counting();
  later = count;
  const cache = { coherence: coherence.definition, ...more };
  const beta = serviceOf('beta', operations, { cache });
  await boot({ alpha: ledger.operations }, { operations: Ledger.DECLARED, cache }, [beta]);
}

/** The process dies in the step at this path: after its effect, and before anything of that is purged or recorded. */
function dyingAt(path: string, effect: () => void): void {
  for (const runner of services.app.get(TaskRunner, { strict: false, each: true })) {
    const execute = runner.run.bind(runner);
    runner.run = (one, journal) => {
      if (one.path !== path) return execute(one, journal);
      effect();
      return Promise.reject(new TypeError('it dies here'));
    };
  }
}

describe('a run whose mutating step was not seen to its end', () => {
  const branches = { x: [put('m')], y: [task('n', 'beta', 'charge')] };
  const forked = { step_id: 'f', type: 'fork_join', branches, join: { strategy: 'all' } };

  /** Starts a run that dies in its step, with the row cached as it was before; and another tenant’s. */
  async function die(path: string, document: object): Promise<string> {
    await bootLedger();
    dyingAt(path, () => ledger.rows.set('a', 2));
    await get();
    await get('zeta');
    const { workflowId } = await alpha().start(document, acme);
    await services.clock.advance(0);
    expect(ledger.rows.get('a')).toBe(2);
    expect(await get()).toBe(1); // nobody was told of a change
    return workflowId;
  }

  /** The run is over, and the row is seen as it is; another tenant's answer is left. */
  async function expectPurged(workflowId: string, status: object): Promise<void> {
    await services.settle();
    expect(await alpha().status(workflowId)).toMatchObject(status);
    const { reads } = ledger;
    expect(await get()).toBe(2);
    await get('zeta');
    expect(ledger.reads).toBe(reads + 1);
  }

  it.each([
    ['', 'm', cookbook(put('m'))],
    ['in a branch ', 'f.x.m', cookbook(forked)],
  ])('%sis purged when it is cancelled', async (_, path, document) => {
    const workflowId = await die(path, document);
    await alpha().cancel(workflowId);
    await expectPurged(workflowId, { status: 'cancelled' });
  });

  it.each([
    ['', 'm', cookbook(put('m'))],
    ['in a branch ', 'f.x.m', cookbook(forked)],
  ])('%sis purged when it expires', async (_, path, document) => {
    const workflowId = await die(path, { ...document, global_timeout_ms: 900 });
    await expectPurged(workflowId, { status: 'failed', failure: { code: 'RUN_EXPIRED' } });
  });

  it.each([
    ['', 'm', cookbook(put('m'))],
    ['in a branch ', 'f.x.m', cookbook(forked)],
  ])('%sis purged when its message is given up', async (_, path, document) => {
    const workflowId = await die(path, document);
    await expectPurged(workflowId, { status: 'failed', failure: { code: 'POISON_MESSAGE' } });
  });

  it('is purged, with anything of the service, when not even its record can be read', async () => {
    const workflowId = await die('m', cookbook(put('m')));
    for (const driver of services.app.get(Driver, { strict: false, each: true })) {
      const drive = driver.drive.bind(driver);
      driver.drive = (from, journal, how) =>
        how === 'replay' ? Promise.reject(new TypeError('it dies here too')) : drive(from, journal, how);
    }
    await expectPurged(workflowId, { status: 'failed', failure: { code: 'POISON_MESSAGE' } });
  });

  it('is purged before its end is told', async () => {
    const workflowId = await die('m', cookbook(put('m')));
    coherence.purging = 'refuses';
    await alpha().cancel(workflowId);
    await services.clock.advance(10_000);
    expect(terminals()).toHaveLength(3); // of those who read
    expect(await alpha().status(workflowId)).not.toHaveProperty('failure');
    coherence.purging = 'well';
    await expectPurged(workflowId, { status: 'cancelled' });
  });

  it('is purged, with anything of the service, when its message comes again and is refused', async () => {
    const workflowId = await die('m', cookbook(put('m')));
    const [message] = sent('alpha.workflow').filter(({ workflow_id }) => workflow_id === workflowId);
    await alpha().processWorkflowMessage({ ...message, cookbook: { version: '2.1.0', steps: 'none' } });
    await expectPurged(workflowId, { status: 'failed', failure: { code: 'COOKBOOK_INVALID' } });
  });

  it('is purged before that end is told too', async () => {
    const workflowId = await die('m', cookbook(put('m')));
    coherence.purging = 'refuses';
    const [message] = sent('alpha.workflow').filter(({ workflow_id }) => workflow_id === workflowId);
    const told = await alpha().processWorkflowMessage({ ...message, cookbook: { version: '2.1.0', steps: 'none' } });
    expect(told).toEqual({ skipped: true, reason: 'unpurged' });
    expect(sent('workflow.failed')).toEqual([]);
    coherence.purging = 'well';
    await expectPurged(workflowId, { status: 'failed', failure: { code: 'COOKBOOK_INVALID' } });
  });

  it('is counted under no name that only a message knows', async () => {
    await bootLedger();
    await alpha().cancel('w');
    const document = cookbook(task('m', 'alpha', 'nobody-knows-it'));
    const message = { workflow_id: 'w', correlation_id: 'w', cookbook: document, current_step: 'm', protocol: 1 };
    await alpha().processWorkflowMessage(message);
    await services.settle();
    const counters = services.app.get<StepCache>(getStepCacheToken('alpha'), { strict: false }).counters();
    expect(counters).toEqual({ '': expect.objectContaining({ purge: 1 }) as never });
  });

  it('is not purged where the step only reads', async () => {
    await bootLedger();
    dyingAt('r', () => ledger.rows.set('a', 2));
    await get();
    const { workflowId } = await alpha().start(cookbook(task('r', 'alpha', 'list')), acme);
    await services.clock.advance(0);
    await alpha().cancel(workflowId);
    await services.settle();
    expect(await get()).toBe(1);
    expect(coherence.purged).toEqual([]);
  });
});

describe('a mutating step whose message is delivered again', () => {
  it('is not executed again, and is purged again: what it has done late is seen', async () => {
    await bootLedger();
    const publish = broker().publish.bind(broker());
    broker().publish = (message) => {
      if (message.destination !== 'beta.workflow') publish(message); // it dies before it sends that
    };
    await get();
    await get('zeta');
    await alpha().start(cookbook(put('m'), task('n', 'beta', 'charge')), { ...acme, workflowId: 'w' });
    await services.clock.advance(120_000); // the lease of the dead
    expect(await get()).toBe(2);
    ledger.rows.set('a', 3); // what it did reached the row only now
    expect(await get()).toBe(2);
    broker().publish = publish;
    const [message] = sent('alpha.workflow').filter(({ workflow_id }) => workflow_id === 'w');
    await alpha().processWorkflowMessage(message ?? {});
    await services.settle();
    expect(await alpha().status('w')).toMatchObject({ status: 'completed' });
    const { reads } = ledger;
    expect(await get()).toBe(3);
    await get('zeta');
    expect(ledger.reads).toBe(reads + 1);
    expect(later.charge).toBe(1);
  });

  it('and that had failed is purged again too', async () => {
    await bootLedger();
    ledger.rows.set = function set(id: string, value: unknown) {
      Map.prototype.set.call(this, id, value);
      throw Object.assign(new Error('busy'), { status: 503 });
    };
    const publish = broker().publish.bind(broker());
    broker().publish = (message) => {
      if (message.delay === undefined) publish(message); // it dies before it sends itself the next attempt
    };
    await get();
    await alpha().start(cookbook(put('m')), { ...acme, workflowId: 'w' });
    await services.clock.advance(120_000);
    expect(await get()).toBe(2);
    Map.prototype.set.call(ledger.rows, 'a', 3);
    expect(await get()).toBe(2);
    const [message] = sent('alpha.workflow').filter(({ workflow_id }) => workflow_id === 'w');
    await alpha().processWorkflowMessage(message ?? {});
    expect(await get()).toBe(3);
  });
});

describe('a step that cannot be purged', () => {
  const three = cookbook(put('m'), task('r', 'alpha', 'get', { id: 'a' }), task('n', 'beta', 'charge'));

  it.each(['refuses', 'hangs'] as const)(
    'is not executed again, and nothing after it is, until it can be: its message says what is owed (it %s)',
    async (mood) => {
      await bootLedger();
      let puts = 0;
      ledger.rows.set = function set(id: string, value: unknown) {
        puts += 1;
        return Map.prototype.set.call(this, id, value) as never;
      };
      await get();
      coherence.purging = mood;
      const { workflowId } = await alpha().start(three, acme);
      await services.clock.advance(60_000);
      expect([puts, later.charge, ledger.reads]).toEqual([1, 0, 1]);
      expect(await alpha().status(workflowId)).toEqual({ status: 'running' });
      expect(terminals()).toHaveLength(1); // of the one that read
      const messages = sent('alpha.workflow').filter(({ workflow_id }) => workflow_id === workflowId);
      expect(messages.length).toBeGreaterThan(2);
      for (const message of messages.slice(1)) {
        expect(message).toMatchObject({ purge_debt: expect.arrayContaining(['t:acme/alpha/row/a', 'all/alpha/row/a']) as never }); // prettier-ignore
      }
      expect(await get()).toBe(1); // nobody was told of the change
      coherence.purging = 'well';
      await services.clock.advance(20_000); // what still waits for the tokens gives up first
      expect(await alpha().status(workflowId)).toMatchObject({ status: 'completed', steps: { r: 2, n: 1 } });
      expect(puts).toBe(1);
      expect(await get()).toBe(2);
      for (const message of [...sent('beta.workflow'), ...terminals()]) expect(message).not.toHaveProperty('purge_debt');
    },
  ); // prettier-ignore

  it('is not executed again either where its message could not be put back: it is recorded before that', async () => {
    await bootLedger();
    let puts = 0;
    ledger.rows.set = function set(id: string, value: unknown) {
      puts += 1;
      return Map.prototype.set.call(this, id, value) as never;
    };
    await get();
    coherence.purging = 'refuses';
    const publish = broker().publish.bind(broker());
    broker().publish = (message) => {
      if (message.delay === undefined) publish(message); // it dies before it puts it back
    };
    await alpha().start(cookbook(put('m')), { ...acme, workflowId: 'w' });
    await services.clock.advance(120_000); // the lease of the dead
    broker().publish = publish;
    coherence.purging = 'well';
    const [message] = sent('alpha.workflow').filter(({ workflow_id }) => workflow_id === 'w');
    await alpha().processWorkflowMessage(message ?? {});
    await services.settle();
    expect(await alpha().status('w')).toMatchObject({ status: 'completed' });
    expect(puts).toBe(1);
    expect(await get()).toBe(2);
  });

  it('keeps the end of its run from being told', async () => {
    await bootLedger();
    coherence.purging = 'refuses';
    const { workflowId } = await alpha().start(cookbook(put('m')), acme);
    await services.clock.advance(30_000);
    expect(terminals()).toEqual([]);
    coherence.purging = 'well';
    await services.settle();
    expect(await alpha().status(workflowId)).toMatchObject({ status: 'completed' });
    expect(terminals()).toHaveLength(1);
  });

  it('and has failed is not tried again before it is purged', async () => {
    await bootLedger();
    let attempts = 0;
    ledger.rows.set = () => {
      attempts += 1;
      throw Object.assign(new Error('busy'), { status: 503 });
    };
    coherence.purging = 'refuses';
    const { workflowId } = await alpha().start(cookbook(put('m')), acme);
    await services.clock.advance(60_000);
    expect(attempts).toBe(1);
    coherence.purging = 'well';
    await services.settle();
    expect(attempts).toBe(3);
    expect(await alpha().status(workflowId)).toMatchObject({ status: 'failed' });
  });

  it('in a branch keeps the fork from being joined', async () => {
    await bootLedger();
    const branches = { x: [put('m')], y: [task('r', 'alpha', 'list')] };
    const fork = { step_id: 'f', type: 'fork_join', branches, join: { strategy: 'all' } };
    coherence.purging = 'refuses';
    const { workflowId } = await alpha().start(cookbook(fork, task('n', 'beta', 'charge')), acme);
    await services.clock.advance(60_000);
    expect(later.charge).toBe(0);
    coherence.purging = 'well';
    await services.settle();
    expect(await alpha().status(workflowId)).toMatchObject({ status: 'completed' });
    expect(later.charge).toBe(1);
  });

  it('is made up for by whatever process its message comes to, before anything else', async () => {
    await bootLedger();
    coherence.purging = 'refuses';
    const { workflowId } = await alpha().start(cookbook(put('m')), acme);
    await services.clock.advance(5_000);
    const owing = sent('alpha.workflow').at(-1) ?? {};
    await services.close(); // and with it what it would still have tried
    coherence.purging = 'well';
    await bootLedger();
    const reasons: unknown[] = [];
    const { events$ } = services.app.get<StepCache>(getStepCacheToken('alpha'), { strict: false });
    events$.subscribe(({ reason }) => reasons.push(reason));
    await alpha().processWorkflowMessage(owing);
    expect(reasons[0]).toBe('owed');
    expect(coherence.purged[0]).toEqual(expect.arrayContaining(['t:acme/alpha/row/a']));
    await services.settle();
    expect(await alpha().status(workflowId)).toMatchObject({ status: 'completed' });
  });

  /** A process was to purge that, has put its message back, and died. The answer is that message. */
  async function owed(): Promise<Readonly<Record<string, unknown>>> {
    await bootLedger();
    coherence.purging = 'refuses';
    await alpha().start(cookbook(put('m')), { ...acme, workflowId: 'w' });
    await services.clock.advance(5_000);
    const owing = sent('alpha.workflow').at(-1) ?? {};
    await services.close();
    await bootLedger();
    return owing;
  }

  it('is made up for first also where its message is refused, which is put back as long as that cannot be done', async () => {
    const message = { ...(await owed()), cookbook: { version: '2.1.0', steps: 'none' } };
    expect(await alpha().processWorkflowMessage(message)).toEqual({ skipped: true, reason: 'unpurged' });
    expect(sent('workflow.failed')).toEqual([]);
    coherence.purging = 'well';
    await alpha().processWorkflowMessage(message);
    expect(coherence.purged[0]).toEqual(expect.arrayContaining(['t:acme/alpha/row/a']));
    await services.settle();
    expect(await alpha().status('w')).toMatchObject({ status: 'failed', failure: { code: 'COOKBOOK_INVALID' } });
  });

  it('stays owed where its hop has lost the run to another: the message is put back with that alone', async () => {
    await bootLedger();
    coherence.purging = 'refuses';
    const record = store().record.bind(store());
    store().record = (...of) => (Object.keys(of[1]).length > 0 ? Promise.resolve('fenced') : record(...of));
    await alpha().start(cookbook(put('m')), { ...acme, workflowId: 'w' });
    await services.clock.advance(1_000);
    const [, owing] = sent('alpha.workflow');
    expect(owing).toMatchObject({ purge_debt: expect.arrayContaining(['t:acme/alpha/row/a']) as never });
    expect(owing).not.toHaveProperty('carry'); // the other knows what came of it
  });

  it('goes on where the option says so: reads are old until it could be made up for', async () => {
    await bootLedger({ whenPurgeFails: 'proceed' });
    await get();
    coherence.purging = 'refuses';
    const { workflowId } = await alpha().start(three, acme);
    await services.clock.advance(0);
    expect(await alpha().status(workflowId)).toMatchObject({ status: 'completed', steps: { r: 1 } });
    coherence.purging = 'well';
    await services.clock.advance(1_000);
    expect(await get()).toBe(2);
  });
});
