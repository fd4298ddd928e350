import { describe, expect, it } from '@jest/globals';
import type { OrchestratorModuleOptions } from 'nest-orchestrator';
import { serviceOf } from 'nest-orchestrator/testing';
import { create, log, start } from '../../support/servers.js';

/** A change of what nothing reads purges nothing, and would be seen nowhere: a misspelt name is told at boot. */

const warnings = (): string[] => log.filter((line) => line.includes('and nothing reads'));

/** A service that changes one resource and reads orders; another one reads something of it. */
async function boot(resource: string, options: OrchestratorModuleOptions = {}, elsewhere = 'invoice'): Promise<void> {
  const operations = { set: { mutates: true, resource_type: resource }, get: { reads: ['order'] } };
  const look = {
    look: { reads: [{ resource: elsewhere, service: 'alpha' }], ...(options.cache === false && { cache: false }) },
  };
  const alpha = serviceOf('alpha', { reads: { get: () => 1 }, mutates: { set: () => 1 } }, { operations, ...options });
  await create({ imports: [alpha, serviceOf('beta', { reads: { look: () => 1 } }, { operations: look })] });
  await start();
}

describe('a mutation of what nothing reads', () => {
  it('is warned of where its name is nearly that of what is read', async () => {
    await boot('ordr');
    expect(warnings()).toEqual([
      expect.stringMatching(
        /^Operation "set" of "alpha" \(.+\) changes "ordr", and nothing reads "ordr"\. Did you mean "order"\?$/,
      ),
    ]);
  });

  it.each<[string, string, OrchestratorModuleOptions, string]>([
    ['its name is like nothing else', 'audit', {}, 'invoice'],
    ['something reads it', 'order', {}, 'invoice'],
    ['another service reads it', 'orders', {}, 'orders'],
    ['the service has no cache', 'ordr', { cache: false }, 'invoice'],
  ])('is no news where %s', async (_, resource, options, elsewhere) => {
    await boot(resource, options, elsewhere);
    expect(warnings()).toEqual([]);
  });
});
