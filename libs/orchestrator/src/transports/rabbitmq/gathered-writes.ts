import type { Writable } from 'node:stream';
import type { ChannelModel } from 'amqplib';

/** What is used of the inside of an amqplib connection: where its frames are written to. */
interface Inside {
  readonly connection?: { readonly stream?: Writable };
}

/**
 * Lets all that one turn of the event loop sends to the broker go out at once. amqplib writes each message and each acknowledgement by
 * itself, which costs a system call here and a packet there. Where a version of amqplib has no such inside, nothing is changed.
 */
export function gatherWrites(model: ChannelModel): void {
  const { stream } = (model as unknown as Inside).connection ?? {};
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
