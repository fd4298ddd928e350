import { describe, expect, it } from '@jest/globals';
import type { StartOptions } from '../../../libs/orchestrator/src/execution/first-message.js';
import type { OperationContext, Vary } from '../../../libs/orchestrator/src/operations/operation.js';
import type { OperationEntries } from '../../../libs/orchestrator/src/operations/operations-file.js';
import { asking } from '../../support/ask.js';
import { Ledger } from '../../support/ledger.js';
import { alpha, boot, cookbook, services, task } from '../../support/services.js';

/** Whose answer it is, and whose change: nobody is told another's, and nobody is told what was before his own. */

const ask = asking(alpha);

const ADA: StartOptions = { tenantId: 'acme', workspaceId: 'w1', personId: 'ada' };
const BOB: StartOptions = { tenantId: 'acme', workspaceId: 'w1', personId: 'bob' };
const NEXT_DOOR: StartOptions = { tenantId: 'acme', workspaceId: 'w2', personId: 'ada' };
const STRANGER: StartOptions = { tenantId: 'zeta', workspaceId: 'w1', personId: 'ada' };
const NOBODY: StartOptions = {};

/** An operation that answers who asked, the first time that it was executed for this answer. */
async function bootWho(vary: Vary): Promise<void> {
  const who = (_: unknown, { caller }: OperationContext): unknown => caller;
  await boot({ alpha: { reads: { who } } }, { operations: { who: { cache: { vary } } }, retry: { maxAttempts: 1 } });
}

describe('an answer', () => {
  it.each<[Vary, string, readonly StartOptions[], readonly StartOptions[]]>([
    ['person', 'the same person in the same workspace', [], [BOB, NEXT_DOOR, STRANGER, NOBODY]],
    ['workspace', 'a workspace', [BOB], [NEXT_DOOR, STRANGER, NOBODY]],
    ['tenant', 'a tenant', [BOB, NEXT_DOOR], [STRANGER, NOBODY]],
    ['none', 'everybody', [BOB, NEXT_DOOR, STRANGER, NOBODY], []],
  ])('that varies by %s is shared by %s alone', async (vary, _, sharing, others) => {
    await bootWho(vary);
    const first = await ask('who', {}, ADA);
    for (const caller of [ADA, ...sharing]) expect(await ask('who', {}, caller)).toEqual(first);
    for (const caller of others) expect(await ask('who', {}, caller)).toEqual(caller);
  });

  it('is never shared by two tenants, two workspaces or two persons, unless its operation says so', async () => {
    const who = (_: unknown, { caller }: OperationContext): unknown => caller;
    await boot({ alpha: { reads: { who } } }, { retry: { maxAttempts: 1 } });
    for (const caller of [ADA, BOB, NEXT_DOOR, STRANGER, NOBODY, ADA]) {
      expect(await ask('who', {}, caller)).toEqual(caller);
    }
  });

  it('is never shared by callers whose ids are alike, but not the same', async () => {
    await bootWho('tenant');
    for (const tenantId of [7, '7', 'a', 'a:w', 'a:w1:p', '%61', 'A', 'null', 'undefined', '~']) {
      expect(await ask('who', {}, { tenantId })).toEqual({ tenantId });
    }
  });

  it('is never shared by a person of one workspace and a workspace of that name', async () => {
    await bootWho('person');
    await ask('who', {}, { workspaceId: 'x' });
    expect(await ask('who', {}, { personId: 'x' })).toEqual({ personId: 'x' });
  });

  it('in a step is that of the workspace that the step names', async () => {
    await bootWho('workspace');
    const steps = [task('a', 'alpha', 'who'), task('b', 'alpha', 'who', {}, { workspace_id: 'w2' })];
    const { steps: told } = await services.run('alpha', cookbook(...steps), ADA);
    expect(told).toMatchObject({ a: { workspaceId: 'w1' }, b: { workspaceId: 'w2' } });
    expect(await ask('who', {}, NEXT_DOOR)).toMatchObject({ workspaceId: 'w2' });
  });
});

const SHARED: OperationEntries = { ...Ledger.DECLARED, list: { reads: ['row'], cache: { vary: 'none' } } };

async function bootLedger(operations: OperationEntries = Ledger.DECLARED): Promise<Ledger> {
  const ledger = new Ledger({ a: 1 });
  await boot({ alpha: ledger.operations }, { operations, retry: { maxAttempts: 1 } });
  return ledger;
}

const put = (value: number, caller: StartOptions): Promise<unknown> => ask('put', { id: 'a', value }, caller);
const get = (caller: StartOptions): Promise<unknown> => ask('get', { id: 'a' }, caller);

describe('a change', () => {
  it.each<[string, string, StartOptions, readonly StartOptions[]]>([
    ['of a tenant', 'everybody of that tenant, and those without one', ADA, [ADA, BOB, NEXT_DOOR, NOBODY]],
    ['of nobody’s tenant', 'everybody', NOBODY, [ADA, BOB, NEXT_DOOR, STRANGER, NOBODY]],
  ])('%s is seen by %s', async (_, __, writer, readers) => {
    await bootLedger();
    for (const reader of readers) await get(reader);
    await put(2, writer);
    for (const reader of readers) expect(await get(reader)).toBe(2);
    await put(3, writer);
    for (const reader of readers) expect(await get(reader)).toBe(3);
  });

  it('of one tenant costs the other tenants nothing: what they are told stays', async () => {
    const ledger = await bootLedger();
    await get(STRANGER);
    await ask('list', {}, STRANGER);
    await put(2, ADA);
    await ask('raise', {}, ADA);
    await get(STRANGER);
    await ask('list', {}, STRANGER);
    expect(ledger.reads).toBe(2);
  });

  it('by any tenant, and by none, is seen where everybody shares the answer', async () => {
    const ledger = await bootLedger(SHARED);
    let value = 1;
    for (const writer of [ADA, STRANGER, NOBODY, BOB]) {
      expect(await ask('list', {}, STRANGER)).toEqual({ a: value });
      await put((value += 1), writer);
      expect(await ask('list', {}, ADA)).toEqual({ a: value });
    }
    expect(ledger.reads).toBe(5); // each value once: it is shared
  });

  it('by a person is seen by another person of the tenant, in whatever workspace', async () => {
    await bootLedger();
    await get(NEXT_DOOR);
    await put(2, BOB);
    expect(await get(NEXT_DOOR)).toBe(2);
  });

  it('of tenant 7 is seen by tenant "7": ids are compared as texts where a purge is', async () => {
    await bootLedger();
    await get({ tenantId: '7' });
    await put(2, { tenantId: 7 });
    expect(await get({ tenantId: '7' })).toBe(2);
  });

  it.each(['acme/alpha', '../acme', '%2F', '~', 'platform', 'all'])(
    'of a tenant that calls itself %j is seen by that tenant, and by no other',
    async (tenantId) => {
      const ledger = await bootLedger();
      await get({ tenantId });
      await get(ADA);
      await put(2, { tenantId });
      expect(await get({ tenantId })).toBe(2);
      await get(ADA);
      expect(ledger.reads).toBe(3);
    },
  );
});
