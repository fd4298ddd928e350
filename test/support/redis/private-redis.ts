import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from '@jest/globals';
import { Redis } from 'ioredis';
import { type PrivateServer, startRedis } from '../../../scripts/private-servers.mjs';
import { synchronised } from './replication.js';

export { caughtUp, synchronised } from './replication.js';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each();
});

/** What is done after the test at work, the last one first. */
export const afterwards = (act: () => unknown): unknown => undo.push(act);

/** A server of the test at work. */
export async function redis(...more: readonly string[]): Promise<PrivateServer> {
  const root = mkdtempSync(join(tmpdir(), 'private-redis-'));
  afterwards(() => {
    rmSync(root, { recursive: true, force: true });
  });
  const server = await startRedis(root, more);
  afterwards(() => server.stop('SIGKILL'));
  return server;
}

/** A client of the test at work, to do with a server whatever is to be done. */
export function plain({ url }: { readonly url: string }): Redis {
  const client = new Redis(url);
  client.on('error', () => undefined);
  afterwards(() => {
    client.disconnect();
  });
  return client;
}

/** A primary, and a server that has everything that it has. */
export async function pair(): Promise<{ readonly primary: PrivateServer; readonly replica: PrivateServer }> {
  const primary = await redis('--repl-diskless-sync-delay', '0');
  const replica = await redis('--replicaof', `127.0.0.1 ${primary.port}`, '--repl-diskless-sync-delay', '0');
  await synchronised(plain(replica));
  return { primary, replica };
}

/** By which connections clients came. */
export const connectionsOf = async (client: Redis): Promise<string[]> =>
  [...String(await client.call('CLIENT', 'LIST', 'TYPE', 'NORMAL')).matchAll(/^id=(\d+)/gm)].map(([, id = '']) => id);
