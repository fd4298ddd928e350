/** Tags, and the tokens they had at some moment. */
export interface Generation {
  readonly tags: readonly string[];
  /** In the order of the tags; empty: they could not be read. */
  readonly tokens: readonly string[];
}

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

/** How a flight ended: with an answer, as JSON, or with nothing that could be shared. */
export type Landing = string | undefined;

/** The flights under way, by key: concurrent misses of one question execute once. */
export class Flights {
  private readonly underWay = new Map<string, Flight>();

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
}
