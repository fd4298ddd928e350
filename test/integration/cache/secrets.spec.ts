import { beforeEach, describe, expect, it } from '@jest/globals';
import type { LoggerService } from '@nestjs/common';
import { Keyv } from 'keyv';
import { StepCache } from '../../../libs/orchestrator/src/cache/step-cache.js';
import type { OperationEntries } from '../../../libs/orchestrator/src/operations/operations-file.js';
import type { TestOperations } from '../../../libs/orchestrator/src/testing/service-of.js';
import { FickleCoherence } from '../../support/fickle-coherence.js';
import { alpha, boot, cookbook, run, services, store, task } from '../../support/services.js';

/** A secret of a run stands in no key, answer, tag, token or line of the log. */

const SECRET = 'S3CR3T-value';
const login = task('login', 'alpha', 'login', { password: '{{api_input.password}}' });
const input = { password: SECRET, id: 'a' };

let calls: string[];
let kept: Map<string, unknown>;
let coherence: FickleCoherence;
let told: unknown[];
beforeEach(() => {
  calls = [];
  kept = new Map();
  coherence = new FickleCoherence();
  told = [];
});

const called =
  (name: string) =>
  (given: unknown): unknown => ({ name, given, count: calls.push(name) });
const OPERATIONS: TestOperations = {
  reads: { get: called('get'), login: called('login') },
  mutates: { put: called('put') },
  sensitive: { login: ['password'] },
};
const DECLARED: OperationEntries = {
  get: { reads: [{ resource: 'row', id: 'id' }] },
  put: { mutates: true, resource_type: 'row', resource_id: 'id' },
};

async function bootSecrets(): Promise<void> {
  const keep = (...parts: unknown[]): void => void told.push(parts.map(String).join(' '));
  const log: LoggerService = { log: keep, warn: keep, error: keep };
  const cache = { stores: new Keyv({ store: kept }), coherence: coherence.definition };
  await boot({ alpha: OPERATIONS }, { operations: DECLARED, cache, retry: { maxAttempts: 1 } }, [], log);
  services.app.get(StepCache, { strict: false }).events$.subscribe((event) => told.push(event));
  const record = store().record.bind(store());
  store().record = (...call) => (told.push(call), record(...call));
}

/** Whatever anybody could read of it later. */
function expectNowhere(): void {
  expect(told.length).toBeGreaterThan(1);
  expect(JSON.stringify([[...kept], coherence.purged, told])).not.toContain(SECRET);
}

describe('a secret of a run', () => {
  it('in the input of an operation that says so is never cached: neither it nor the answer', async () => {
    await bootSecrets();
    for (let time = 0; time < 2; time += 1) await run(cookbook(login), { input });
    expect(calls).toEqual(['login', 'login']);
    expect(kept.size).toBe(0);
    expectNowhere();
  });

  it('in the input of another operation of the run is not cached either', async () => {
    await bootSecrets();
    const steps = [login, task('g', 'alpha', 'get', { id: 'a', token: 'Bearer {{api_input.password}}' })];
    for (let time = 0; time < 2; time += 1) {
      expect(await run(cookbook(...steps), { input })).toMatchObject({ status: 'completed' });
    }
    expect(calls).toEqual(['login', 'get', 'login', 'get']);
    expect(kept.size).toBe(0);
    expectNowhere();
  });

  it('does not keep what else the run reads from being cached', async () => {
    await bootSecrets();
    const document = cookbook(login, task('g', 'alpha', 'get', { id: '{{api_input.id}}' }));
    for (let time = 0; time < 2; time += 1) await run(document, { input });
    expect(calls).toEqual(['login', 'get', 'login']);
    expectNowhere();
  });

  it('that is the id of what a step changes stands in no tag: the whole resource is purged', async () => {
    await bootSecrets();
    const read = cookbook(task('g', 'alpha', 'get', { id: 'another' }));
    await run(read);
    const steps = [login, task('p', 'alpha', 'put', { id: '{{api_input.password}}' })];
    expect(await run(cookbook(...steps), { input })).toMatchObject({ status: 'completed' });
    await run(read);
    expect(calls).toEqual(['get', 'login', 'put', 'get']);
    expect(coherence.purged).toEqual([expect.arrayContaining(['all/alpha/row'])]);
    expectNowhere();
  });

  it('that is the id of what cannot be purged stands neither in the log nor in the message that owes it', async () => {
    await bootSecrets();
    coherence.purging = 'refuses';
    const steps = [login, task('p', 'alpha', 'put', { id: '{{api_input.password}}' })];
    await alpha().start(cookbook(...steps), { input });
    await services.clock.advance(5_000);
    const { purge_debt: owed } = services.hops.at(-1)?.message ?? {};
    expect(owed).toEqual(expect.arrayContaining(['all/alpha/row']));
    expect(JSON.stringify(owed)).not.toContain(SECRET);
    coherence.purging = 'well';
    await services.settle();
    expect(told.join('\n')).toContain('A purge could not be made');
    expectNowhere();
  });
});

describe('a mutation whose id is a secret', () => {
  it('is refused at boot: ids are kept', async () => {
    const operations: OperationEntries = { pay: { mutates: true, resource_type: 'card', resource_id: 'number' } };
    const service = { mutates: { pay: () => 1 }, sensitive: { pay: ['number'] } };
    await expect(boot({ alpha: service }, { operations })).rejects.toMatchObject({
      code: 'CONFIGURATION_INVALID',
      message: expect.stringMatching(/mutated of operation "pay".*sensitive field/s) as never,
    });
  });

  it('whose other fields are secrets is not', async () => {
    const operations: OperationEntries = { pay: { mutates: true, resource_type: 'order', resource_id: 'id' } };
    await boot({ alpha: { mutates: { pay: () => 1 }, sensitive: { pay: ['number'] } } }, { operations });
    const pay = task('p', 'alpha', 'pay', { id: 1, number: 'N'.repeat(16) });
    expect(await run(cookbook(pay))).toMatchObject({ status: 'completed' });
  });
});
