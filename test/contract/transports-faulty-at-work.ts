import { setImmediate } from 'node:timers/promises';
import type { MemoryBroker } from '../../libs/orchestrator/src/transports/memory/memory.broker.js';
import { MemoryTransport } from '../../libs/orchestrator/src/transports/memory/memory.transport.js';
import type { MessageHandler, OutgoingMessage } from '../../libs/orchestrator/src/transports/workflow.transport.js';
import type { FaultyTransport } from './faulty-transport.js';

const isTopic = ({ destination }: { readonly destination: string }) => destination === 'workflow.completed';

/** Transports that deliver, count or hold back wrongly. One instance per test of each class. */
export const transportsFaultyAtWork = (): readonly FaultyTransport[] => {
  const handlers: MessageHandler[] = [];
  let longest = 0;
  let sent = 0;
  let taken = false;
  return [
    [
      'garbles what is not Latin',
      'delivers texts',
      class extends MemoryTransport {
        override publish(message: OutgoingMessage) {
          return super.publish({ ...message, body: Buffer.from(message.body, 'latin1').toString('latin1') });
        }
      },
    ],
    [
      'lets every second message be overtaken',
      'starts messages in the order',
      class extends MemoryTransport {
        override async publish(message: OutgoingMessage) {
          if ((sent += 1) % 2 === 0) void setImmediate().then(() => super.publish(message));
          else await super.publish(message);
        }
      },
    ],
    [
      'counts deliveries anew when a message is put back',
      'counts on from the deliveries',
      class extends MemoryTransport {
        override publish({ failedDeliveries: _, ...message }: OutgoingMessage) {
          return super.publish(message);
        }
      },
    ],
    [
      'never gives a message up',
      'gives up a message',
      class extends MemoryTransport {
        override consume(destination: string, handler: MessageHandler) {
          return destination.endsWith('.dead') ? Promise.resolve() : super.consume(destination, handler);
        }
      },
    ],
    [
      'forgets dead letters that are refused',
      'lets an undertaker that refuses',
      class extends MemoryTransport {
        override consume(destination: string, handler: MessageHandler) {
          const forgetting: MessageHandler = async (message) => {
            await Promise.resolve(message).then(handler).catch(() => undefined); // prettier-ignore
          };
          return super.consume(destination, destination.endsWith('.dead') ? forgetting : handler);
        }
      },
    ],
    [
      'keeps what was taken away',
      'shows what went to workflow.failed',
      class extends MemoryTransport {
        override remove() {
          return Promise.resolve();
        }
      },
    ],
    [
      'says accepted before it is',
      'has accepted a message once publish resolves',
      class extends MemoryTransport {
        override publish(message: OutgoingMessage) {
          void setImmediate().then(() => super.publish(message)).catch(() => undefined); // prettier-ignore
          return Promise.resolve();
        }
      },
    ],
    [
      'gives each message to every consumer',
      'gives each message to one',
      class extends MemoryTransport {
        override consume(destination: string, handler: MessageHandler) {
          handlers.push(handler);
          return super.consume(destination, (message) => Promise.all(handlers.map((each) => each(message))));
        }
      },
    ],
    [
      'lets only the first consumer have messages',
      'gives a message to whichever consumer has room',
      class extends MemoryTransport {
        override consume(destination: string, handler: MessageHandler) {
          if (taken) return Promise.resolve();
          taken = true;
          return super.consume(destination, handler);
        }
      },
    ],
    [
      'has no bound on what is in hand',
      'hands a consumer no more messages at once',
      class extends MemoryTransport {
        constructor(broker: MemoryBroker, service: string) {
          super(broker, service, { prefetch: Infinity });
        }
      },
    ],
    [
      'drops what has no destination',
      'refuses a message for a service that does not exist',
      class extends MemoryTransport {
        override publish(message: OutgoingMessage) {
          return super.publish(message).catch(() => undefined);
        }
      },
    ],
    [
      'refuses topics without subscribers',
      'takes what is sent to a topic',
      class extends MemoryTransport {
        override publish(message: OutgoingMessage) {
          return isTopic(message) ? Promise.reject(new Error('No subscriber.')) : super.publish(message);
        }
      },
    ],
    [
      'lets services compete for a topic',
      'delivers what is sent to a topic to each service',
      class extends MemoryTransport {
        override consume(destination: string, handler: MessageHandler) {
          if (isTopic({ destination }) && taken) return Promise.resolve();
          taken = isTopic({ destination });
          return super.consume(destination, handler);
        }
      },
    ],
    [
      'acknowledges before the handler is done',
      'acknowledges when the handler is done',
      class extends MemoryTransport {
        override consume(destination: string, handler: MessageHandler) {
          return super.consume(destination, (message) => {
            void handler(message).catch(() => undefined);
            return Promise.resolve();
          });
        }
      },
    ],
    [
      'forgets what was refused',
      'delivers again what its handler refused',
      class extends MemoryTransport {
        override consume(destination: string, handler: MessageHandler) {
          return super.consume(destination, (message) => handler(message).catch(() => undefined));
        }
      },
    ],
    [
      'does not count deliveries',
      'delivers again what its handler refused',
      class extends MemoryTransport {
        override consume(destination: string, handler: MessageHandler) {
          return super.consume(destination, (message) => handler({ ...message, deliveries: 1 }));
        }
      },
    ],
    [
      'keeps offering what was refused, and nothing else',
      'lets other messages pass',
      class extends MemoryTransport {
        private gone = false;
        override close() {
          this.gone = true;
          return super.close();
        }
        override consume(destination: string, handler: MessageHandler) {
          const insist: MessageHandler = (message) =>
            handler(message).catch(async () => {
              await setImmediate();
              return this.gone ? undefined : insist(message);
            });
          return super.consume(destination, insist);
        }
      },
    ],
    [
      'delivers everything twice',
      'does not deliver again what was handled',
      class extends MemoryTransport {
        override async publish(message: OutgoingMessage) {
          await super.publish(message);
          await super.publish({ ...message, delay: 50 });
        }
      },
    ],
    [
      'rounds delays down',
      'never delivers before the delay is over',
      class extends MemoryTransport {
        override publish(message: OutgoingMessage) {
          return super.publish({ ...message, delay: Math.floor((message.delay ?? 0) * 0.99) });
        }
      },
    ],
    [
      'holds messages up behind a longer delay',
      'never delivers before the delay is over, and',
      class extends MemoryTransport {
        override publish(message: OutgoingMessage) {
          longest = Math.max(longest, message.delay ?? 0);
          return super.publish({ ...message, delay: longest });
        }
      },
    ],
    [
      'holds messages back in the sender',
      'keeps what it holds back though the sender is gone',
      class extends MemoryTransport {
        private gone = false;
        constructor(
          private readonly held: MemoryBroker,
          service: string,
        ) {
          super(held, service);
        }
        override close() {
          this.gone = true;
          return super.close();
        }
        override async publish(message: OutgoingMessage) {
          const { delay = 0 } = message;
          if (delay === 0) await super.publish(message);
          else {
            this.held.clock.after(delay, () => {
              if (!this.gone) void super.publish({ ...message, delay: 0 });
            });
          }
        }
      },
    ],
  ];
};
