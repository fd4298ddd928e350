import type { Writable } from 'node:stream';

/**
 * Lets all that is written to a stream before the event loop goes on go out at once. amqplib and ioredis write each message and each
 * command by itself, which costs a system call here and a packet there.
 * @param stream taken from inside of a library: where a version of it has no such thing, nothing is changed
 */
export function gatherWrites(stream: Writable | undefined): void {
  if (typeof stream?.cork !== 'function') return;
  const write = stream.write.bind(stream) as (...args: readonly unknown[]) => boolean;
  let gathering = false;
  Object.assign(stream, {
    write: (...args: readonly unknown[]): boolean => {
      if (!gathering) {
        gathering = true;
        stream.cork();
        process.nextTick(() => {
          gathering = false;
          stream.uncork();
        });
      }
      return write(...args);
    },
  });
}
