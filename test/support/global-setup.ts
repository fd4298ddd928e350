import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServers } from '../../scripts/private-servers.mjs';

/** What setup leaves for teardown: both run in jest's own process. */
export interface Running {
  stopServers: () => Promise<void>;
}

/** Uses the servers that REDIS_URL, AMQP_URL and NATS_URL name, else starts private ones and names those. */
export default async function setup(): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'orchestrator-'));
  const stop = await startServers(['redis', 'rabbitmq', 'nats'], root);
  const stopServers = async (): Promise<void> => {
    await stop();
    await rm(root, { recursive: true, force: true });
  };
  Object.assign(globalThis, { stopServers } satisfies Running);
}
