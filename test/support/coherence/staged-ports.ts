import { Coherence } from '../../../libs/orchestrator/src/cache/coherence.js';
import { type Flight, Flights } from '../../../libs/orchestrator/src/cache/flights.js';
import type { Clock } from '../../../libs/orchestrator/src/utils/clock.js';
import type { Stage } from './stage.js';

/** Tokens that may be lost, each call a step. */
export class StagedTokens extends Coherence {
  override readonly shared = false;
  private readonly tokens = new Map<string, string>();
  private made = 0;

  constructor(
    private readonly stage: Stage,
    private slowReply: boolean,
  ) {
    super();
  }

  override async read(tags: readonly string[]): Promise<readonly string[]> {
    return this.stage.step('reads the tokens', () => {
      this.stage.reads('tokens');
      for (const tag of tags) this.stage.reads(`token ${tag}`);
      return tags.map((tag) => this.tokens.get(tag) ?? this.renew(tag));
    });
  }

  override async purge(tags: readonly string[]): Promise<void> {
    await this.stage.step('purges', () => {
      this.stage.reads('tokens');
      for (const tag of tags) this.stage.writes(`token ${tag}`);
      for (const tag of tags) this.renew(tag);
    });
    if (!this.slowReply) return;
    this.slowReply = false;
    await this.stage.step('hears that it has purged', () => undefined);
  }

  forget(): void {
    this.stage.writes('tokens');
    this.tokens.clear();
  }

  private renew(tag: string): string {
    const token = `token ${(this.made += 1)}`;
    this.tokens.set(tag, token);
    return token;
  }
}

/** Flights, where every look at one is noted. */
export class StagedFlights extends Flights {
  private readonly seen = new WeakMap<Flight, Flight>();

  constructor(
    private readonly stage: Stage,
    clock: Clock,
  ) {
    super(clock);
  }

  override get(key: string): Flight | undefined {
    const flight = super.get(key);
    this.stage.writes('flights');
    return flight && this.noting(flight);
  }

  override begin(...of: Parameters<Flights['begin']>): Flight {
    this.stage.writes('flights');
    return this.noting(super.begin(...of));
  }

  private noting(flight: Flight): Flight {
    const known = this.seen.get(flight);
    if (known !== undefined) return known;
    const noted = new Proxy(flight, {
      get: (target, property): unknown => {
        this.stage.writes('flights');
        return Reflect.get(target, property);
      },
      set: (target, property, value) => {
        this.stage.writes('flights');
        return Reflect.set(target, property, value);
      },
    });
    this.seen.set(flight, noted);
    return noted;
  }
}
