import { AsyncLocalStorage } from 'node:async_hooks';
import type { HopId } from '../../state/state.store.js';
import type { OutgoingMessage } from '../../transports/workflow.transport.js';

/** A message that waits in a simulated queue. */
export interface Waiting {
  readonly message: OutgoingMessage;
  readonly deliveries: number;
  /** The store takes the lease of this message's holder for ended. */
  readonly takesOver?: true;
}

/** One delivery of a message, which stands for the process that handles it. */
export class Delivery {
  /** It crashed: nothing that it still does reaches anything. */
  dead = false;
  /** Its message is done with; a handler of it may be overdue. */
  acknowledged = false;
  /** Its lease was given to another delivery while it lived. */
  stalled = false;
  /** Stands still until so many calls have been made. */
  heldUntil = 0;
  /** Which place in its run it asked for. */
  hop: HopId | undefined;
  /** The store has let it execute. */
  granted = false;

  constructor(
    readonly id: number,
    readonly waiting: Waiting,
  ) {}
}

/** Knows on whose behalf code runs: parts of one delivery run beside each other, and it may have died meanwhile. */
export class DeliveryContext {
  private readonly storage = new AsyncLocalStorage<Delivery | undefined>();

  get current(): Delivery | undefined {
    return this.storage.getStore();
  }

  /** @param delivery `undefined`: on nobody's, so that what `act` calls happens at once */
  enter<T>(delivery: Delivery | undefined, act: () => T): T {
    return this.storage.run(delivery, act);
  }
}
