import { BrokerUnavailableError } from '../../errors/broker-unavailable.error.js';
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
export async function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new BrokerUnavailableError(`${what} took longer than ${ms} ms.`));
    }, ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
