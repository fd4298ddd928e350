import { execFile } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startServers } from '../../scripts/private-servers.mjs';

/** What setup leaves for teardown: both run in jest's own process. */
export interface Running {
  stopServers: () => Promise<void>;
}

/**
 * Uses the servers that REDIS_URL, AMQP_URL and NATS_URL name, else starts private ones and names those. Builds the example, so
 * that of the specs that run its commands side by side none finds it half written.
 */
export default async function setup(): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'orchestrator-'));
  const building = promisify(execFile)('npx', ['nest', 'build', 'example']);
  const stop = await startServers(['redis', 'rabbitmq', 'nats'], root);
  await building;
  const stopServers = async (): Promise<void> => {
    await stop();
    await rm(root, { recursive: true, force: true });
  };
  Object.assign(globalThis, { stopServers } satisfies Running);
}
