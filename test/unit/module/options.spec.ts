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
    ['unknown option "retries"', { retries: 3 }],
    ['unknown option "retry.attempts"', { retry: { attempts: 3 } }],
    ['limits.steps must', { limits: { steps: 1.5 } }],
    ['transport must be a transport definition', { transport: {} }],
    ['state must be false, or a state definition', { state: true }],
    ['deliver must be a function', { deliver: 'mail' }],
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
