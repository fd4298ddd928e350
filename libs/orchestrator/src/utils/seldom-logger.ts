import type { Logger } from '@nestjs/common';
import type { Clock } from './clock.js';

/** Milliseconds for which no other line of the same kind is written. */
const SILENCE = 30_000;

/** Writes of what befalls many runs at once one line now and then, with how many more there were: so the log stays readable. */
export class SeldomLogger {
  private readonly told = new Map<string, { at: number; since: number }>();

  constructor(
    private readonly logger: Logger,
    private readonly clock: Clock,
  ) {}

  /** @param kind one of few */
  warn(kind: string, line: string): void {
    const now = this.clock.monotonic();
    const last = this.told.get(kind);
    if (last !== undefined && now - last.at < SILENCE) {
      last.since += 1;
      return;
    }
    const more =
      last === undefined || last.since === 0 ? '' : ` (${last.since} more like this since the last such line)`;
    this.logger.warn(line + more);
    this.told.set(kind, { at: now, since: 0 });
  }
}
