import { UnroutableError } from '../../errors/unroutable.error.js';
import type { CancelTimer, Clock } from '../../utils/clock.js';
import { deadOf, workflowOf } from '../destinations.js';
import type { MessageHandler, OutgoingMessage } from '../workflow.transport.js';
import { type MemoryConsumer, MemoryQueue, type QueueHost } from './memory.queue.js';
import { MemoryTerminals } from './memory.terminals.js';

/** Destinations that end so are a service's: they have one queue. Any other is a topic: a queue per subscribed service. */
const WORKFLOW = workflowOf('');
const DEAD = deadOf('');
const isOfService = (destination: string): boolean => destination.endsWith(WORKFLOW) || destination.endsWith(DEAD);

/**
 * The queues of one application, shared by its services: they live as long as the process. Messages are taken as they are,
 * so what a service publishes costs no copy.
 */
export class MemoryBroker implements QueueHost {
  private readonly queues = new Map<string, Map<string, MemoryQueue>>();
  private readonly timers = new Set<CancelTimer>();
  private waiting: (() => void)[] = [];
  private members = 0;

  constructor(
    readonly clock: Clock,
    private readonly terminals = new MemoryTerminals(),
  ) {}

  /** A service comes: from now on messages for it are accepted. */
  join(service: string): void {
    this.members += 1;
    this.queue(workflowOf(service), service);
    this.queue(deadOf(service), service);
  }

  /** A service goes; its messages stay. With the last one timers go too, and with them the messages they held back. */
  leave(): void {
    this.members -= 1;
    if (this.members > 0) return;
    for (const cancel of this.timers) cancel();
    this.timers.clear();
  }

  /** @throws UnroutableError when it is for a service that never joined */
  publish(message: OutgoingMessage): void {
    const { destination, delay = 0 } = message;
    if (destination.endsWith(WORKFLOW) && !this.queues.has(destination)) {
      const known = [...this.queues.keys()].filter((name) => name.endsWith(WORKFLOW));
      throw new UnroutableError(destination, known);
    }
    const accept = (): void => {
      this.accept(message);
    };
    if (delay > 0) this.later(delay, accept);
    else accept();
  }

  consume(destination: string, service: string, handler: MessageHandler, prefetch: number): MemoryConsumer {
    return this.queue(destination, service).consume(handler, prefetch);
  }

  /** The newest messages of `workflow.completed`, `workflow.failed` or `workflow.delivery_requested`, oldest first. */
  kept(destination: string): readonly OutgoingMessage[] {
    return this.terminals.of(destination);
  }

  remove(destination: string, messageId: string): void {
    this.terminals.remove(destination, messageId);
  }

  /**
   * Resolves when nothing is being handled and nothing could be: what is held back, or is for a service that does not
   * consume yet, does not count.
   */
  async idle(): Promise<void> {
    if (!this.isIdle) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  later(ms: number, fire: () => void): void {
    const cancel = this.clock.after(ms, () => {
      this.timers.delete(cancel);
      fire();
    });
    this.timers.add(cancel);
  }

  /** What a service never acknowledged goes to its undertaker; what that one refuses comes again. */
  giveUp(message: OutgoingMessage): boolean {
    const { destination } = message;
    if (!destination.endsWith(WORKFLOW)) return false;
    this.accept({ ...message, destination: deadOf(destination.slice(0, -WORKFLOW.length)) });
    return true;
  }

  settled(): void {
    if (this.waiting.length === 0 || !this.isIdle) return;
    for (const resolve of this.waiting) resolve();
    this.waiting = [];
  }

  private get isIdle(): boolean {
    return [...this.queues.values()].every((queues) => [...queues.values()].every((queue) => queue.idle));
  }

  private accept(message: OutgoingMessage): void {
    const { destination } = message;
    const toService = isOfService(destination);
    for (const queue of this.queues.get(destination)?.values() ?? []) {
      if (toService || queue.consumed) queue.push(message);
    }
    this.terminals.keep(message);
  }

  private queue(destination: string, service: string): MemoryQueue {
    const queues = this.queues.get(destination) ?? new Map<string, MemoryQueue>();
    this.queues.set(destination, queues);
    const name = isOfService(destination) ? destination : service;
    const queue = queues.get(name) ?? new MemoryQueue(this);
    queues.set(name, queue);
    return queue;
  }
}
