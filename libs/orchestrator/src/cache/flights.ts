import type { Clock } from '../utils/clock.js';

/** Tags, and the tokens they had at some moment. */
export interface Generation {
  readonly tags: readonly string[];
  /** In the order of the tags; empty: they could not be read. */
  readonly tokens: readonly string[];
}

/** How a flight ended: with an answer as JSON, with one that others must make for themselves, or with nothing. */
export type Landing =
  { readonly kind: 'answer'; readonly json: string } | { readonly kind: 'unshared' } | { readonly kind: 'nothing' };

export const UNSHARED: Landing = { kind: 'unshared' };
export const NOTHING: Landing = { kind: 'nothing' };

/** An answer that is being made: those who ask the same meanwhile may wait for it. */
export class Flight {
  readonly landed: Promise<Landing>;
  private land: (landing: Landing) => void = () => undefined;

  /** @param generation of what it depends on, before anything of it was made: it grows as more becomes known */
  constructor(
    public generation: Generation,
    /** When it began, in milliseconds of a clock that goes on evenly. */
    readonly since = 0,
  ) {
    this.landed = new Promise((resolve) => {
      this.land = resolve;
    });
  }

  end(landing: Landing): void {
    this.land(landing);
  }
}

/** Who asks, and wants to board. */
export interface Passenger {
  readonly key: string;
  /** Of what the answer depends on, as far as it is known, when the call began. */
  readonly generation: Generation;
  /** When the call began, as {@link Flight.since}. */
  readonly since: number;
  /** Milliseconds after its start for which a flight is waited for, and after the start of the call. */
  readonly patience: number;
  /** Whether a flight that began with these tokens has seen nothing older than the call. */
  readonly isCurrent: (generation: Generation) => Promise<boolean>;
}

/** The flights under way, by key: concurrent misses of one question execute once. */
export class Flights {
  private readonly underWay = new Map<string, Flight>();

  constructor(private readonly clock: Clock) {}

  get(key: string): Flight | undefined {
    return this.underWay.get(key);
  }

  /** Begins one, in the place of an older one that may not be joined any more. */
  begin(key: string, generation: Generation, since: number): Flight {
    const flight = new Flight(generation, since);
    this.underWay.set(key, flight);
    void flight.landed.then(() => {
      if (this.underWay.get(key) === flight) this.underWay.delete(key);
    });
    return flight;
  }

  /** A flight of one's own, or another's that may be joined. */
  async board(passenger: Passenger): Promise<{ readonly flight: Flight; readonly own: boolean }> {
    const { key, generation, isCurrent } = passenger;
    for (;;) {
      const flight = this.get(key);
      const mayJoin = flight !== undefined && this.leftFor(passenger, flight) > 0;
      if (mayJoin && (await isCurrent(flight.generation))) return { flight, own: false };
      // Another may have begun one meanwhile.
      if (!mayJoin || this.get(key) === flight)
        return { flight: this.begin(key, generation, this.clock.monotonic()), own: true };
    }
  }

  /** How it ends, if it does while it is waited for. */
  async landingOf(flight: Flight, passenger: Passenger): Promise<Landing> {
    const left = this.leftFor(passenger, flight);
    if (left === Number.POSITIVE_INFINITY) return flight.landed;
    return new Promise((resolve) => {
      const disarm = this.clock.after(left, () => {
        resolve(NOTHING);
      });
      void flight.landed.then(resolve).finally(disarm);
    });
  }

  /** Milliseconds for which it is still waited for. */
  private leftFor({ since, patience }: Passenger, flight: Flight): number {
    return Math.min(since, flight.since) + patience - this.clock.monotonic();
  }
}
