import { setImmediate } from 'node:timers/promises';
import type { MemoryBroker } from '../../libs/orchestrator/src/transports/memory/memory.broker.js';
import {
  MemoryTransport,
  type MemoryTransportOptions,
} from '../../libs/orchestrator/src/transports/memory/memory.transport.js';
import type { MessageHandler, OutgoingMessage } from '../../libs/orchestrator/src/transports/workflow.transport.js';
import { deferred } from '../support/deferred.js';
import type { FaultyTransport } from './faulty-transport.js';

/** Transports that stop or close wrongly. One instance per test of each class. */
export const transportsFaultyWhenTheyGo = (): readonly FaultyTransport[] => [
  [
    'waits for nothing when it stops',
    'waits at stop for what is in flight',
    class extends MemoryTransport {
      override stop() {
        return super.stop(0);
      }
    },
  ],
  [
    'goes on delivering while it stops',
    'waits at stop for what is in flight, and delivers nothing more',
    class extends MemoryTransport {
      override async stop(graceMs: number) {
        for (let turn = 0; turn < 5; turn += 1) await setImmediate();
        await super.stop(graceMs);
      }
    },
  ],
  [
    'waits however long it takes',
    'waits at stop no longer than it may',
    class extends MemoryTransport {
      override stop() {
        return super.stop(Infinity);
      }
    },
  ],
  [
    'waits only the first time it stops',
    'waits at stop no longer than it may, and longer when it is asked again',
    class extends MemoryTransport {
      private stopping: Promise<void> | undefined;
      override stop(graceMs: number) {
        return (this.stopping ??= super.stop(graceMs));
      }
    },
  ],
  [
    'lets go when it has stopped',
    'keeps what is in flight when the grace is over',
    class extends MemoryTransport {
      override async stop(graceMs: number) {
        await super.stop(graceMs);
        await super.close();
      }
    },
  ],
  [
    'refuses to send while it stops',
    'accepts while it stops',
    class extends MemoryTransport {
      private going = false;
      override async stop(graceMs: number) {
        this.going = true;
        await super.stop(graceMs);
        this.going = false;
      }
      override publish(message: OutgoingMessage) {
        return this.going ? Promise.reject(new Error('Stopping.')) : super.publish(message);
      }
    },
  ],
  [
    'refuses to send once it has stopped',
    'accepts while it stops, and until it is closed',
    class extends MemoryTransport {
      private idle = false;
      override async stop(graceMs: number) {
        await super.stop(graceMs);
        this.idle = true;
      }
      override publish(message: OutgoingMessage) {
        return this.idle ? Promise.reject(new Error('Stopped.')) : super.publish(message);
      }
    },
  ],
  [
    'sends nothing any more as soon as it stops',
    'accepts while it stops',
    class extends MemoryTransport {
      private going = false;
      override stop(graceMs: number) {
        this.going = true;
        return super.stop(graceMs);
      }
      override publish(message: OutgoingMessage) {
        return this.going ? Promise.resolve() : super.publish(message);
      }
    },
  ],
  [
    'acknowledges at close what is still in hand',
    'gives back at close what was not acknowledged',
    class extends MemoryTransport {
      private readonly going = deferred();
      override async close() {
        this.going.resolve();
        await setImmediate();
        await super.close();
      }
      override consume(destination: string, handler: MessageHandler) {
        return super.consume(destination, (message) => Promise.race([handler(message), this.going.promise]));
      }
    },
  ],
  [
    'gives back what is in hand, but to itself',
    'gives back at close what was not acknowledged, to another',
    class extends MemoryTransport {
      private readonly consumed: [destination: string, handler: MessageHandler][] = [];
      private readonly again: MemoryTransport;
      constructor(broker: MemoryBroker, name: string, options?: MemoryTransportOptions) {
        super(broker, name, options);
        this.again = new MemoryTransport(broker, name, options);
      }
      override consume(destination: string, handler: MessageHandler) {
        this.consumed.push([destination, handler]);
        return super.consume(destination, handler);
      }
      override async close() {
        await super.close();
        for (const [destination, handler] of this.consumed) await this.again.consume(destination, handler);
      }
    },
  ],
  [
    'drops what was in hand when it goes',
    'loses nothing and repeats nothing',
    class extends MemoryTransport {
      private going = false;
      override stop(graceMs: number) {
        this.going = true;
        return super.stop(graceMs);
      }
      override consume(destination: string, handler: MessageHandler) {
        return super.consume(destination, async (message) => {
          await setImmediate();
          return this.going ? undefined : handler(message);
        });
      }
    },
  ],
  [
    'drops messages silently once it is closed',
    'takes nothing once it is closed',
    class extends MemoryTransport {
      private gone = false;
      override async close() {
        await super.close();
        this.gone = true;
      }
      override publish(message: OutgoingMessage) {
        return this.gone ? Promise.resolve() : super.publish(message);
      }
    },
  ],
  [
    'lets go of nothing',
    'takes nothing once it is closed',
    class extends MemoryTransport {
      private gone = false;
      override close() {
        this.gone = true;
        return Promise.resolve();
      }
      override publish(message: OutgoingMessage) {
        return this.gone ? Promise.reject(new Error('Closed.')) : super.publish(message);
      }
    },
  ],
  [
    'can be closed only once',
    'takes nothing once it is closed',
    class extends MemoryTransport {
      private gone = false;
      override async close() {
        if (this.gone) throw new Error('Closed already.');
        this.gone = true;
        await super.close();
      }
    },
  ],
];
