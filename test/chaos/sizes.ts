import { DEFAULT_LIMITS, type Limits } from '../../libs/orchestrator/src/message/limits.js';
import { cookbook, type Planned, task } from './runs.js';

/** By which each limit is multiplied: beyond 1 it is exceeded. */
export const FACTORS = [0.9, 1, 1.1] as const;

/** How a run comes close to a limit; ends by an effect, which nothing that exceeds it may reach. */
interface Approach {
  /** @param size of whatever is limited */
  readonly to: (size: number) => Pick<Planned, 'cookbook' | 'input'>;
  readonly fails: string;
  /** What comes beside, so that the size itself can be at the limit. */
  readonly beside?: number;
}

const MAIL = task('mail', 'orders', 'mail');
const forecast = (name: string, more: object = {}): object => ({ ...task(name, 'stock', 'forecast'), ...more });
const times = <T>(count: number, make: (at: number) => T): T[] => Array.from({ length: count }, (_, at) => make(at));

/** Lists in lists. */
const nested = (depth: number): unknown => (depth <= 1 ? [] : [nested(depth - 1)]);
/** Groups in groups. */
const grouped = (nesting: number): object =>
  nesting < 1 ? forecast('inmost') : { step_id: `group-${nesting}`, type: 'steps', steps: [grouped(nesting - 1)] };

/** Limits of what a run is, or holds. `hops` and `incomingBytes` are breached by a fault alone, not by a run. */
const APPROACHES: Readonly<Partial<Record<keyof Limits, Approach>>> = {
  messageBytes: {
    to: (bytes) => ({ cookbook: cookbook(task('swell', 'stock', 'swell', { bytes }), MAIL) }),
    fails: 'MESSAGE_TOO_LARGE',
    beside: 8_192, // the envelope, its cookbook, its history
  },
  inputBytes: {
    to: (bytes) => ({
      cookbook: cookbook(forecast('large', { input: { one: '{{api_input.half}}', two: '{{api_input.half}}' } }), MAIL),
      input: { half: 'x'.repeat(bytes / 2) },
    }),
    fails: 'INPUT_TOO_LARGE',
    beside: 64,
  },
  depth: {
    to: (depth) => ({ cookbook: cookbook(MAIL), input: { deep: nested(depth) } }),
    fails: 'LIMIT_EXCEEDED',
    beside: 4,
  },
  nodes: {
    to: (nodes) => ({ cookbook: cookbook(MAIL), input: { many: times(nodes, () => 0) } }),
    fails: 'LIMIT_EXCEEDED',
    beside: 200,
  },
  steps: {
    to: (steps) => ({ cookbook: cookbook(...times(steps - 1, (at) => forecast(`step-${at}`)), MAIL) }),
    fails: 'COOKBOOK_INVALID',
  },
  nesting: { to: (nesting) => ({ cookbook: cookbook(grouped(nesting), MAIL) }), fails: 'COOKBOOK_INVALID' },
  iterations: {
    to: (items) => ({
      cookbook: cookbook(
        {
          step_id: 'each',
          type: 'foreach',
          service: 'stock',
          iterator: '{{api_input.items}}',
          body: [forecast('one')],
        },
        MAIL,
      ),
      input: { items: times(items, (at) => at) },
    }),
    fails: 'STEP_INVALID',
  },
  branches: {
    to: (count) => ({
      cookbook: cookbook(
        {
          step_id: 'all',
          type: 'fork_join',
          join: { strategy: 'merge' },
          branches: Object.fromEntries(times(count, (at) => [`branch-${at}`, forecast(`forecast-${at}`)])),
        },
        MAIL,
      ),
    }),
    fails: 'COOKBOOK_INVALID',
  },
  attempts: {
    to: (max_attempts) => ({ cookbook: cookbook(forecast('again', { retry: { max_attempts } }), MAIL) }),
    fails: 'COOKBOOK_INVALID',
  },
  references: {
    to: (count) => ({
      cookbook: cookbook(forecast('refers', { input: { all: times(count, () => '{{api_input.one}}') } }), MAIL),
      input: { one: 1 },
    }),
    fails: 'INPUT_TOO_LARGE',
  },
  // A longer global_timeout_ms is cut, not refused.
  lifetime: {
    to: (timeout_ms) => ({ cookbook: cookbook(forecast('long', { timeout_ms }), MAIL) }),
    fails: 'COOKBOOK_INVALID',
  },
};

/** A run for each limit and factor. */
export const SIZED: readonly Planned[] = (Object.entries(APPROACHES) as [keyof Limits, Approach][]).flatMap(
  ([limit, { to, fails, beside = 0 }]) =>
    FACTORS.map((factor): Planned => {
      const size = Math.round(DEFAULT_LIMITS[limit] * factor + (factor > 1 ? 0.5 : -0.5));
      return { kind: 'sized', ...to(size - (factor > 1 ? 0 : beside)), ...(factor > 1 && { fails }) };
    }),
);
