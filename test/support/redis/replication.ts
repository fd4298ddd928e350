import type { Redis } from 'ioredis';
import { until } from '../until.js';

/** Until a replica has connected to its primary, and has what that had. */
export const synchronised = (replica: Redis): Promise<void> =>
  until(async () => (await replica.info('replication')).includes('master_link_status:up'), { timeoutMs: 30_000 });

/** Until the replica has all that the primary has written so far. */
export async function caughtUp(replica: Redis, primary: Redis): Promise<void> {
  const written = offsetOf(await primary.info('replication'));
  await until(async () => offsetOf(await replica.info('replication')) >= written, { timeoutMs: 30_000 });
}

const offsetOf = (info: string): number => Number(/(?:slave_repl_offset|master_repl_offset):(\d+)/.exec(info)?.[1]);
