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
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ANSWERED_WITHIN);
    const over = (): void => {
      clearTimeout(timer);
      resolve();
    };
    what.once('close', over);
    // It may be closed already, and then throws.
    Promise.resolve()
      .then(() => what.close())
      .then(over, over);
  });
}
