import type { SeededRandom } from './seeded-random.js';

/** The calls of a hop that something can happen to: of the state store, of the transport, of a handler, of the cache tokens. */
export type PortCall =
  'claim' | 'record' | 'extend' | 'arrive' | 'expects' | 'end' | 'publish' | 'handle' | 'purge' | 'acknowledge';

/**
 * What happens to a call. `crash`: the process that makes it is gone, before the call did anything or when it was done, and
 * its message comes again. `fail`: the call rejects, not done or done. `stall`: the lease of its hop ends for the store, and the
 * message is granted to another delivery; then the call goes on. `restart`: the store is empty, `failover`: it has lost what was
 * written last, `cancel`: somebody cancels the run; then the call goes on. `slow`: a handler takes long after it has acted.
 */
export type Verdict =
  | 'pass'
  | 'crash-before'
  | 'crash-after'
  | 'fail-before'
  | 'fail-after'
  | 'stall'
  | 'restart'
  | 'failover'
  | 'cancel'
  | 'slow';

/** Decides, from a seed or a list, what happens in one run. The same plan makes the same run. */
export interface FaultPlan {
  /** Asked before every call of a hop, in the order of their happening. */
  verdict(call: PortCall): Verdict;
  /** Which of so many calls and messages that could go next does. */
  next(among: number): number;
  /** Milliseconds until a message whose delivery crashed comes again. */
  redelivery(): number;
  /** Milliseconds until a second copy of a newly sent message comes; `undefined`: it comes once. */
  copy(): number | undefined;
  /** Milliseconds that a slow handler takes. */
  slow(): number;
  /** For how many calls of others a stalled hop stands still. */
  stall(): number;
  /** How many of its newest writes the store loses when it fails over. */
  failover(): number;
}

/** How much goes wrong in a run. Everything left out does not. */
export interface Faults {
  /** Processes that die, before or after any call of a port or a handler. At most so many per run. */
  readonly crash?: number;
  /** Hops that lose their lease to another delivery of their message, and go on. At most so many per run. */
  readonly stall?: number;
  /** Calls of the state store that fail, done or not. At most so many per run. */
  readonly storeError?: number;
  /** Messages that the transport does not confirm, although it may have taken them. At most so many per run. */
  readonly publishError?: number;
  /** How often the state store starts anew, empty. Then a run may split or end twice; it is only checked that it ends. */
  readonly restart?: number;
  /** How often the state store loses what was written last, up to ten writes. It is checked what is checked with `restart`. */
  readonly failover?: number;
  /** Handlers that take long: seconds, or longer than they may. At most so many per run. */
  readonly slow?: number;
  /** How often somebody cancels the run: it may end as cancelled then. */
  readonly cancel?: number;
  /** The share of messages that come twice: 1 is all. */
  readonly double?: number;
  /** Messages and calls overtake each other. */
  readonly reorder?: boolean;
}

const COUNTED = ['crash', 'stall', 'storeError', 'publishError', 'restart', 'failover', 'cancel', 'slow'] as const;
type Counted = (typeof COUNTED)[number];
const IN_THE_STORE: ReadonlySet<PortCall> = new Set(['claim', 'record', 'extend', 'arrive', 'expects', 'end']);

/** Faults by chance, all of it from a seed. */
export class RandomFaults implements FaultPlan {
  private readonly left: Record<Counted, number>;

  /** @param calls about how many calls a run makes: faults are spread over so many */
  constructor(
    private readonly random: SeededRandom,
    private readonly faults: Faults,
    private readonly calls: number,
  ) {
    this.left = Object.fromEntries(COUNTED.map((fault) => [fault, faults[fault] ?? 0])) as Record<Counted, number>;
  }

  verdict(call: PortCall): Verdict {
    for (const fault of COUNTED) {
      const left = this.left[fault];
      if (left === 0 || !fits(fault, call) || !this.random.chance(Math.min(left / this.calls, 0.5))) continue;
      this.left[fault] = left - 1;
      return this.verdictOf(fault);
    }
    return 'pass';
  }

  next(among: number): number {
    return this.faults.reorder === true ? this.random.below(among) : 0;
  }

  redelivery(): number {
    return this.random.pick([0, 0, 5, 2_000, 90_000]);
  }

  copy(): number | undefined {
    return this.random.chance(this.faults.double ?? 0) ? this.random.pick([0, 0, 3, 1_500, 70_000]) : undefined;
  }

  slow(): number {
    return this.random.pick([6_000, 20_000, 45_000, 200_000]);
  }

  stall(): number {
    return this.random.pick([3, 10, 30, 100]);
  }

  failover(): number {
    return this.random.pick([1, 1, 2, 3, 5, 10]);
  }

  private verdictOf(fault: Counted): Verdict {
    if (fault === 'crash' || fault === 'storeError' || fault === 'publishError') {
      const before = this.random.chance(0.5);
      if (fault === 'crash') return before ? 'crash-before' : 'crash-after';
      return before ? 'fail-before' : 'fail-after';
    }
    return fault;
  }
}

/** One fault, at one call of the run, counted from 0. */
export class OneFault implements FaultPlan {
  private calls = 0;

  constructor(
    private readonly at: number,
    private readonly fault: Verdict,
    private readonly redeliverIn = 0,
  ) {}

  verdict(): Verdict {
    this.calls += 1;
    return this.calls - 1 === this.at ? this.fault : 'pass';
  }

  next(): number {
    return 0;
  }

  redelivery(): number {
    return this.redeliverIn;
  }

  copy(): undefined {
    return undefined;
  }

  slow(): number {
    return 0;
  }

  stall(): number {
    return 30;
  }

  failover(): number {
    return 1;
  }
}

function fits(fault: Counted, call: PortCall): boolean {
  if (fault === 'storeError') return IN_THE_STORE.has(call);
  if (fault === 'slow') return call === 'handle';
  if (fault === 'publishError') return call === 'publish';
  if (fault === 'stall') return call !== 'claim' && call !== 'expects' && call !== 'acknowledge';
  return true;
}
