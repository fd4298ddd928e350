import type { Running } from './global-setup.js';

export default async function teardown(): Promise<void> {
  await (globalThis as typeof globalThis & Running).stopServers();
}
