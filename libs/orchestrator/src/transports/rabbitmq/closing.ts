import { SystemClock } from '../../utils/clock.js';
import { settledWithin } from '../../utils/deadline.js';

/** A channel or a connection of amqplib. */
interface Closable {
  once(event: 'close', listener: () => void): unknown;
  close(): Promise<unknown>;
}

/** Milliseconds for which the broker's answer is waited for. */
const ANSWERED_WITHIN = 2_000;

/**
 * Closes a channel or a connection. Resolves in any case: amqplib's own promise never settles where the connection is lost while the broker's
 * answer is waited for.
 */
export function closed(what: Closable): Promise<void> {
  const over = new Promise<void>((resolve, reject) => {
    what.once('close', resolve);
    // It may be closed already, and then throws.
    Promise.resolve()
      .then(() => what.close())
      .then(() => { resolve(); }, reject); // prettier-ignore
  });
  return settledWithin(new SystemClock(), ANSWERED_WITHIN, over);
}
