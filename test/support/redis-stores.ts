import { randomUUID } from 'node:crypto';
import { afterEach } from '@jest/globals';
import { Redis } from 'ioredis';
import { redisState, type RedisStateOptions } from '../../libs/orchestrator/src/redis.js';
import type { Claim, Grant, HopId, StateStore } from '../../libs/orchestrator/src/state/state.store.js';

/** Of this file's keys: servers are shared. */
export const namespace = `spec-${randomUUID()}`;

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** Called after the test at work, the last one first. */
export const afterwards = (close: () => unknown): void => void closing.push(close);

/** A store with connections of its own, as another process has it. */
export function storeAt(server: string | RedisStateOptions): StateStore {
  const options = typeof server === 'string' ? { url: server } : server;
  const store = redisState(options).create({ service: 'spec', namespace });
  afterwards(() => store.close());
  return store;
}

export function clientAt(url: string): Redis {
  const client = new Redis(url);
  client.on('error', () => undefined); // some tests take the server away
  afterwards(() => {
    client.disconnect();
  });
  return client;
}

/** The first message of a run that no other test uses. */
export const hop = (change: Partial<HopId> = {}): HopId => ({ workflowId: randomUUID(), epoch: 0, line: '', seq: 1, hopId: 'first', ...change }); // prettier-ignore

export const claim = (store: StateStore, asking: HopId, leaseMs = 30_000, expiresAt?: number): Promise<Claim> =>
  store.claim(asking, { leaseMs, now: Date.now(), expiresAt });

export async function granted(store: StateStore, asking: HopId, leaseMs?: number): Promise<Grant> {
  const answer = await claim(store, asking, leaseMs);
  if (answer.kind === 'granted') return answer;
  throw new Error(`Not granted: ${answer.kind}`);
}
