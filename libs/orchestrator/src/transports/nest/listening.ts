import { BrokerUnavailableError } from '../../errors/broker-unavailable.error.js';
import { SystemClock } from '../../utils/clock.js';
import { withDeadline } from '../../utils/deadline.js';
import { describeError } from '../../utils/describe-error.js';

/** What is used of a server of Nest. */
interface Listener {
  listen(callback: (error?: unknown) => void): unknown;
}

/** Resolves when a server of Nest listens. @throws BrokerUnavailableError */
export async function listening(server: Listener, what: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.listen((error?: unknown) => {
      if (error === undefined || error === null) resolve();
      else reject(new BrokerUnavailableError(`${what} cannot be listened to: ${describeError(error)}. Correct the options of nestTransport, or start it.`, { cause: error })); // prettier-ignore
    });
  });
}

/** Rejects when it takes longer. @throws BrokerUnavailableError */
export const within = <T>(ms: number, what: string, work: Promise<T>): Promise<T> =>
  withDeadline(new SystemClock(), ms, work, () => new BrokerUnavailableError(`${what} took longer than ${ms} ms.`));
