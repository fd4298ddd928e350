import { describe, expect, it } from '@jest/globals';
import { ConfigurationError } from '../../../libs/orchestrator/src/errors/configuration.error.js';
import { type OrchestratorModuleOptions, settingsOf } from '../../../libs/orchestrator/src/orchestrator.options.js';

const refusal = (options: unknown, service: unknown): string => {
  try {
    settingsOf(service as string, options as OrchestratorModuleOptions);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return (error as Error).message;
  }
  throw new Error('it was accepted');
};

describe('the options of the module', () => {
  it('all have a default, in milliseconds where they are durations', () => {
    expect(settingsOf('orders')).toMatchObject({
      service: 'orders',
      retry: { maxAttempts: 3, baseDelay: 1_000, maxDelay: 30_000, multiplier: 2 },
      timeout: 30_000,
      references: 'strict',
      limits: { steps: 200, lifetime: 604_800_000 },
    });
  });

  it('leave what is not said as it is', () => {
    const { limits, retry } = settingsOf('orders', {
      limits: { steps: 5, lifetime: '1h' },
      retry: { baseDelay: '50ms' },
    });
    expect(limits).toMatchObject({ steps: 5, lifetime: 3_600_000, nesting: 8 });
    expect(retry).toMatchObject({ maxAttempts: 3, baseDelay: 50 });
  });

  it('are as good as absent when they are undefined or null', () => {
    const { limits, retry } = settingsOf('orders', {
      limits: { branches: undefined, hops: null },
      retry: null,
    } as never);
    expect([limits.branches, limits.hops, retry.maxAttempts]).toEqual([32, 10, 3]);
  });

  it('raise the incoming limit with the outgoing one: what is sent can be read', () => {
    expect(settingsOf('orders', { limits: { messageBytes: 2_000_000 } }).limits.incomingBytes).toBe(2_500_000);
  });

  it.each<[string, unknown]>([
    ['OrchestratorModule: timeout must be a duration longer than 0', { timeout: '0s' }],
    ['(got "0s")', { timeout: '0s' }],
    ['retry.baseDelay must be a duration', { retry: { baseDelay: 'soon' } }],
    ['retry.maxAttempts must not be less than 1 (got 0)', { retry: { maxAttempts: 0 } }],
    ['retry.maxAttempts must not be more than limits.attempts, 20 (got 21)', { retry: { maxAttempts: 21 } }],
    [
      'limits.incomingBytes must be at least limits.messageBytes',
      { limits: { messageBytes: 2_000, incomingBytes: 1_000 } },
    ],
    ['unknown option "chache" (got an object). Did you mean "cache"? There are: service, transport, ', { chache: {} }],
    ['unknown option "limits.step" (got 5). Did you mean "steps"?', { limits: { step: 5 } }],
    ['unknown option "retries"', { retries: 3 }],
    ['unknown option "retry.attempts"', { retry: { attempts: 3 } }],
    ['limits.steps must', { limits: { steps: 1.5 } }],
    ['transport must be a transport definition', { transport: {} }],
    ['state must be false, or a state definition', { state: true }],
    ['deliver must be a function', { deliver: 'mail' }],
    ['retry must be an object (got 3)', { retry: 3 }],
    ['limits must be an object (got "none")', { limits: 'none' }],
    ['unroutable must be an object (got an array of 1)', { unroutable: ['10m'] }],
    ['helpers must be an object of functions by name', { helpers: { money: 'x' } }],
    ['references must be one of', { references: 'loose' }],
    ['cookbooks must be a folder or a list of documents', { cookbooks: 7 }],
    ['unroutable.retryFor must be a duration', { unroutable: { retryFor: -1 } }],
  ])('are refused at boot with the path, what was got and the fix: %s', (message, options) => {
    expect(refusal(options, 'orders')).toContain(message);
  });

  it.each([undefined, '', 'two words', 7])('need the name of a service (got %p)', (service) => {
    expect(refusal({}, service)).toContain('OrchestratorModule: service must be a name');
  });

  it('tell all mistakes at once', () => {
    expect(refusal({ timeout: 0, references: 1 }, 'orders').split('\n')).toHaveLength(2);
  });
});

describe('the options of the cache', () => {
  it('all have a default, and none is needed', () => {
    const settings = {
      service: 'orders',
      namespace: 'orchestrator',
      ttl: 300_000,
      size: 10_000,
      maxEntryBytes: 65_536,
      timeout: 50,
      whenPurgeFails: 'strict',
      verifySampleRate: 0,
    };
    for (const options of [{}, { cache: {} }, { cache: undefined }, { cache: null }, { cache: { ttl: null } }]) {
      expect(settingsOf('orders', options as never).cacheSettings).toMatchObject(settings);
    }
  });

  it('are taken as they are said, durations in milliseconds', () => {
    const cache = { ttl: '1h', size: 5, maxEntryBytes: 100, timeout: 20, whenPurgeFails: 'proceed', verifySampleRate: 0.5 } as const; // prettier-ignore
    expect(settingsOf('orders', { namespace: 'eu', cache }).cacheSettings).toMatchObject({
      ...cache,
      service: 'orders',
      namespace: 'eu',
      ttl: 3_600_000,
    });
  });

  it('are none at all where it is off', () => {
    expect(settingsOf('orders', { cache: false }).cache).toBe(false);
    expect(settingsOf('orders', {}).cache).toEqual({});
  });

  it.each<[string, unknown]>([
    ['OrchestratorModule: cache must be false, or an object of cache options (got true)', true],
    ['cache must be false, or an object of cache options (got "redis://localhost")', 'redis://localhost'],
    ['cache must be false, or an object of cache options (got an array of 1)', [{}]],
    ['cache must be false, or an object of cache options (got 300)', 300],
    ['cache must be false, or an object of cache options (got an array of 0)', []],
    ['unknown option "cache.max" (got 100)', { max: 100 }],
    ['unknown option "cache.maxSize" (got 5). There are: ttl, size, maxEntryBytes, stores, useExisting, timeout,', { maxSize: 5 }],
    ['unknown option "cache.tttl" (got "1m"). Did you mean "ttl"? There are: ttl, size,', { tttl: '1m' }],
    ['cache.useExisting must be left out where stores are given', { useExisting: 'CACHE_MANAGER', stores: [] }],
    ['unknown option "cache.redis"', { redis: { host: 'localhost' } }],
    ['cache.ttl must be a duration longer than 0', { ttl: '0s' }],
    ['(got "0s")', { ttl: '0s' }],
    ['cache.ttl must be a duration longer than 0', { ttl: -5 }],
    ['cache.ttl must be a duration', { ttl: 'for ever' }],
    ['cache.size must not be less than 1 (got 0)', { size: 0 }],
    ['cache.size must be an integer number (got 1.5)', { size: 1.5 }],
    ['cache.maxEntryBytes must not be less than 1 (got 0)', { maxEntryBytes: 0 }],
    ['cache.maxEntryBytes must be an integer number (got 64.5)', { maxEntryBytes: 64.5 }],
    ['cache.timeout must be a duration longer than 0', { timeout: 0 }],
    ['cache.whenPurgeFails must be one of the following values: strict, proceed (got "ignore")', { whenPurgeFails: 'ignore' }],
    ['cache.processLocal must be a boolean value (got "yes")', { processLocal: 'yes' }],
    ['cache.verifySampleRate must not be greater than 1 (got 2)', { verifySampleRate: 2 }],
    ['cache.verifySampleRate must not be less than 0 (got -1)', { verifySampleRate: -1 }],
    ['cache.coherence must be a coherence definition', { coherence: 'redis' }],
    ['cache.store must be left out, as cache-manager 7 has none', { store: {} }],
    ['new Keyv({ store: new KeyvAdapter(store)', { store: {} }],
  ])('are refused at boot with the path, what was got and the fix: %s', (message, cache) => {
    const said = refusal({ cache }, 'orders');
    expect(said).toContain(message);
    expect(said.split('\n')).toHaveLength(1); // one mistake, one line
  }); // prettier-ignore

  it('tell all mistakes at once', () => {
    const cache = { ttl: 0, size: 0, verifySampleRate: 7 };
    expect(refusal({ cache, retry: { maxAttempts: 0 } }, 'orders').split('\n')).toHaveLength(4);
  });
});
