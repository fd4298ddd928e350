import { Keyv } from 'keyv';
import type { CacheOptions } from '../../libs/orchestrator/src/index.js';
import { MemoryCoherence } from '../../libs/orchestrator/src/cache/memory/memory.coherence.js';
import type { Faults } from './faults.js';

/** The cache of a case's services: one for all of them, that fails where a fault says so. */
export function cacheOf(faults: Faults): CacheOptions {
  class FaultyCoherence extends MemoryCoherence {
    override purge(tags: readonly string[]): Promise<void> {
      return faults.pass('cache.deleteByPattern').then(() => super.purge(tags));
    }
  }
  class FaultyMap {
    private readonly values = new Map<string, unknown>();
    async get(key: string): Promise<unknown> {
      await faults.pass('cache.get');
      return this.values.get(key);
    }
    async set(key: string, value: unknown): Promise<void> {
      await faults.pass('cache.set');
      this.values.set(key, value);
    }
    delete = (key: string): boolean => this.values.delete(key);
    clear = (): void => {
      this.values.clear();
    };
  }
  const coherence = new FaultyCoherence();
  const store = new Keyv({ store: new FaultyMap(), throwOnErrors: true });
  store.on('error', () => undefined); // it is thrown too
  return { stores: store, coherence: { kind: 'of the case', create: () => coherence } };
}
