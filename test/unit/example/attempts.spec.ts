import { expect, it } from '@jest/globals';
import { attemptsOf } from '../../../src/demo/attempts.js';
import { purge, told } from './told.js';

const CHARGE = { path: 'payment', service: 'payments', operation: 'charge-card' };
const SHELVE = { path: 'each[0].shelve', service: 'catalog', operation: 'receive-stock' };

it('makes one attempt of a start and what came of it, and says how many the step took in the end', () => {
  const events = told(
    { type: 'started', ms: 0 },
    { type: 'step_started', ms: 2, ...CHARGE },
    { type: 'step_retrying', ms: 27, ...CHARGE, duration_ms: 25, error_code: 'GATEWAY_UNAVAILABLE' },
    { type: 'step_started', ms: 90, ...CHARGE, attempt: 2 },
    { type: 'step_completed', ms: 115, ...CHARGE, attempt: 2, duration_ms: 25 },
    { type: 'completed', ms: 116 },
  );
  expect(attemptsOf(events)).toEqual([
    {
      ...CHARGE,
      number: 1,
      round: 0,
      of: 2,
      startMs: 2,
      tookMs: 25,
      outcome: 'retrying',
      errorCode: 'GATEWAY_UNAVAILABLE',
      cache: null,
      purged: [],
    },
    {
      ...CHARGE,
      number: 2,
      round: 0,
      of: 2,
      startMs: 90,
      tookMs: 25,
      outcome: 'completed',
      errorCode: null,
      cache: null,
      purged: [],
    },
  ]);
});

it('counts an event that is told twice once, and keeps the attempt that an unfinished second start would undo', () => {
  const [started, completed] = told(
    { type: 'step_started', ms: 0, ...CHARGE },
    { type: 'step_completed', ms: 5, ...CHARGE, duration_ms: 5 },
  );
  const twice = [started, completed, started, completed, started].filter((event) => event !== undefined);
  expect(attemptsOf(twice)).toMatchObject([{ startMs: 0, tookMs: 5, outcome: 'completed' }]);
});

it('counts attempts anew after each requeue, which is told apart from an event that is told twice', () => {
  const retrying = { type: 'step_retrying', ...CHARGE, duration_ms: 5, error_code: 'GATEWAY_UNAVAILABLE' } as const;
  const failed = { ...retrying, type: 'step_failed', attempt: 2 } as const;
  const [requeued, ...others] = told(
    { type: 'requeued', ms: 20 },
    { ...retrying, ms: 5 },
    { ...failed, ms: 10 },
    { type: 'step_completed', ms: 25, ...CHARGE, duration_ms: 5 },
  );
  const [first, second, last] = others;
  const events = [first, second, requeued, requeued, last].filter((event) => event !== undefined);
  expect(attemptsOf(events)).toMatchObject([
    { number: 1, of: 2, round: 0, outcome: 'retrying' },
    { number: 2, of: 2, round: 0, outcome: 'failed' },
    { number: 1, of: 1, round: 1, outcome: 'completed' },
  ]);
});

it('tells how the cache answered an attempt', () => {
  const events = told(
    { type: 'step_started', ms: 0, ...SHELVE },
    { type: 'step_completed', ms: 1, ...SHELVE, duration_ms: 1, cache: 'hit' },
  );
  expect(attemptsOf(events)).toMatchObject([{ cache: 'hit' }]);
});

it('says of each attempt what it purged, once, though it is told twice or when the attempt has settled', () => {
  const [first, failed, second, done] = told(
    { type: 'step_started', ms: 0, ...CHARGE },
    { type: 'step_retrying', ms: 5, ...CHARGE, duration_ms: 5 },
    { type: 'step_started', ms: 10, ...CHARGE, attempt: 2 },
    { type: 'step_completed', ms: 15, ...CHARGE, attempt: 2, duration_ms: 5 },
  );
  const all = purge('payment', 'all/payments/payment');
  const one = purge('payment', 'all/payments/payment/P-1');
  const events = [first, all, all, failed, second, one, done, one].filter((event) => event !== undefined);
  expect(attemptsOf(events).map(({ purged }) => purged)).toEqual([['payment'], ['payment P-1']]);
});

it('makes nothing of a purge by no step that is known', () => {
  const events = [
    ...told({ type: 'step_started', ms: 0, ...SHELVE }),
    purge('another', 'all/a/b'),
    purge(null, 'all/a'),
  ];
  expect(attemptsOf(events)).toMatchObject([{ ...SHELVE, purged: [] }]);
});

it('lists attempts as they began, though branches end in another order', () => {
  const events = told(
    { type: 'step_started', ms: 0, ...CHARGE },
    { type: 'step_started', ms: 1, ...SHELVE },
    { type: 'step_completed', ms: 2, ...SHELVE, duration_ms: 1 },
    { type: 'step_completed', ms: 9, ...CHARGE, duration_ms: 9 },
  );
  expect(attemptsOf(events).map(({ path }) => path)).toEqual(['payment', 'each[0].shelve']);
});

it('tells when an attempt began whose start was never heard of', () => {
  const events = told({ type: 'started', ms: 0 }, { type: 'step_failed', ms: 30, ...CHARGE, duration_ms: 25 });
  expect(attemptsOf(events)).toMatchObject([{ startMs: 5, tookMs: 25, outcome: 'failed' }]);
});

it('makes nothing of a run in which no step began', () => {
  expect(attemptsOf(told({ type: 'started', ms: 0 }))).toEqual([]);
  expect(attemptsOf([])).toEqual([]);
});
