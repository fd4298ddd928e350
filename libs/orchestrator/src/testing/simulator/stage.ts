import { setImmediate as turn } from 'node:timers/promises';
import { COMPLETED, deadOf, FAILED, workflowOf } from '../../transports/destinations.js';
import type { IncomingMessage, MessageHandler, OutgoingMessage } from '../../transports/workflow.transport.js';
import { Delivery, DeliveryContext } from './delivery.js';
import type { FaultPlan, PortCall, Verdict } from './fault-plan.js';
import { HandlersAtWork } from './handlers-at-work.js';
import { History } from './history.js';
import { SimulatedClock } from './simulated-clock.js';
import { SimulatedQueues } from './simulated-queues.js';

/** A call of a port that has been made, and has not happened yet. */
export interface Call<T = unknown> {
  readonly port: PortCall;
  readonly act: () => Promise<T> | T;
  /** Paths whose outcomes it keeps, or comes to. */
  readonly paths: readonly string[];
  readonly about: () => string;
}

interface Pending extends Call {
  readonly delivery: Delivery;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Calls in one run after which it is taken for one that does not end. */
const MOST_CALLS = 20_000;
/** Milliseconds after an end that are played of a run whose record was lost: if the end was too, parts of a fork wait for days. */
const PLAYED_ON = 60 * 60 * 1_000;
/** Refused deliveries after which a message goes to its service's undertaker. */
const REFUSALS = 5;
/** Turns of the event loop without a call, while a hop is at work, until time moves on. */
const IDLE_TURNS = 4;

const never = <T>(): Promise<T> => new Promise<T>(() => undefined);

/**
 * Where simulated runs happen: queues, time, and every call that a hop makes of a port. One call happens at a time, and before
 * it does, the plan says what goes wrong with it. A crash is a call that never returns, and a delivery of which nothing is
 * heard any more.
 */
export class Stage {
  readonly context = new DeliveryContext();
  readonly clock = new SimulatedClock(this.context);
  history = new History(false);
  /** Called when the plan empties the state store. */
  onRestart: () => void = () => undefined;
  /** Called when the plan lets the state store lose so many of its newest writes. */
  onFailover: (writes: number) => void = () => undefined;
  /** Called when the plan cancels a run. */
  onCancel: (workflowId: string) => void = () => undefined;
  /** Called with every message to a topic. */
  onTerminal: (message: OutgoingMessage) => void = () => undefined;

  private plan: FaultPlan | undefined;
  private readonly consumers = new Map<string, MessageHandler>();
  private readonly queues = new SimulatedQueues(this.clock);
  private readonly handlers = new HandlersAtWork();
  private pending: Pending[] = [];
  private readonly atWork = new Set<Delivery>();
  private deliveries = 0;
  private lastEnd = Number.POSITIVE_INFINITY;

  consume(destination: string, handler: MessageHandler): void {
    this.consumers.set(destination, handler);
  }

  /** Whether a service takes messages here. */
  knows(destination: string): boolean {
    return this.consumers.has(destination);
  }

  /** Begins a run: nothing of an earlier one is left. */
  begin(plan: FaultPlan, traced: boolean): History {
    for (const delivery of this.atWork) this.bury(delivery);
    this.clock.reset();
    this.queues.clear();
    this.handlers.clear();
    this.pending = [];
    this.deliveries = 0;
    this.lastEnd = Number.POSITIVE_INFINITY;
    this.plan = plan;
    return (this.history = new History(traced));
  }

  /** Makes a call on behalf of the delivery that makes it; of nobody's it happens at once. */
  call<T>(call: Call<T>): Promise<T> {
    const delivery = this.context.current;
    if (delivery === undefined) return Promise.resolve(call.act());
    if (delivery.dead) return never();
    return new Promise<T>((resolve, reject) => {
      this.pending.push({ ...call, delivery, resolve: resolve as Pending['resolve'], reject });
    });
  }

  /** A message is in the transport's hands: for a service it is delivered, and else kept as a terminal. */
  accept(message: OutgoingMessage): void {
    const { destination } = message;
    if (destination.endsWith(workflowOf('')) || destination.endsWith(deadOf(''))) {
      this.queues.accept(message, () => this.plan?.copy());
      return;
    }
    this.history.terminals.push(message);
    if (destination === COMPLETED || destination === FAILED) this.lastEnd = this.clock.now();
    this.context.enter(undefined, () => {
      this.onTerminal(message);
    });
  }

  /** Lets everything happen that will happen, in the order of the plan, until nothing is left. */
  async settle(): Promise<void> {
    const { history } = this;
    for (let idle = 0; ;) {
      await turn();
      if (await this.handlers.settled((delivery) => this.asks(delivery))) continue;
      if (this.move()) {
        idle = 0;
        if (history.calls <= MOST_CALLS) continue;
        history.violations.push(`the run does not end: ${MOST_CALLS} calls were made`);
        return;
      }
      if (this.atWork.size > 0 && (idle += 1) <= IDLE_TURNS) continue;
      idle = 0;
      const isOver = history.recordLost && this.clock.now() - this.lastEnd > PLAYED_ON;
      if (isOver || !this.clock.fireNext()) break;
    }
    for (const { waiting } of this.atWork) {
      history.violations.push(`a hop never ended: ${waiting.message.destination} ${waiting.message.messageId}`);
    }
  }

  private asks(delivery: Delivery): boolean {
    return this.pending.some((each) => each.delivery === delivery);
  }

  /** The next call happens, or the next message is delivered. `false`: there is none. */
  private move(): boolean {
    const { plan, history } = this;
    const { ready } = this.queues;
    if (plan === undefined) return false;
    let calls = this.pending.filter(({ delivery }) => delivery.heldUntil <= history.calls);
    if (calls.length + ready.length === 0) calls = this.pending; // nobody else is there to overtake the stalled
    const among = calls.length + ready.length;
    if (among === 0) return false;
    const chosen = plan.next(among);
    const call = calls[chosen];
    if (call === undefined) this.deliver(chosen - calls.length);
    else this.perform(call, plan);
    return true;
  }

  private perform(call: Pending, plan: FaultPlan): void {
    const { delivery, port } = call;
    this.history.calls += 1;
    const verdict = plan.verdict(port);
    if (verdict === 'stall' && delivery.granted && !delivery.stalled) {
      this.tell(call, verdict);
      this.overtake(call, plan);
      return;
    }
    if (verdict === 'restart' || verdict === 'failover') {
      this.tell(call, verdict);
      this.history.recordLost = true;
      if (verdict === 'restart') this.onRestart();
      else this.onFailover(plan.failover());
    }
    if (verdict === 'cancel' && delivery.hop !== undefined) {
      this.tell(call, verdict);
      this.onCancel(delivery.hop.workflowId);
    }
    this.pending.splice(this.pending.indexOf(call), 1);
    if (verdict === 'crash-before') {
      this.tell(call, verdict);
      this.crash(call, plan);
    } else if (verdict === 'fail-before') {
      this.tell(call, verdict);
      if (port === 'record') this.history.noteCarried(delivery, call.paths, this.queues.hasCopies(delivery));
      call.reject(new Error(`simulated: ${port} was not done`));
    } else {
      this.happen(call, verdict, plan);
    }
  }

  private happen(call: Pending, verdict: Verdict, plan: FaultPlan): void {
    const { delivery, port } = call;
    const passes = verdict !== 'crash-after' && verdict !== 'fail-after' && verdict !== 'slow';
    if (passes) this.history.tell(() => `${describe(call)} ok`);
    else this.tell(call, verdict);
    let after = (settle: () => void): void => {
      if (verdict === 'crash-after') this.crash(call, plan);
      else settle();
      if (port === 'handle') this.history.noteReturn(delivery, call.paths);
    };
    const answer = (value: unknown): void => {
      if (verdict === 'fail-after') call.reject(new Error(`simulated: the answer to ${port} was lost`));
      else call.resolve(value);
    };
    const done = this.context
      .enter(delivery, () => Promise.resolve().then(call.act))
      .then(
        (value) => () => {
          answer(value);
        },
        (error: unknown) => () => {
          call.reject(error as Error);
        },
      )
      .then((settle) => {
        if (!delivery.dead) after(settle);
      });
    if (port !== 'handle') return;
    const { ended } = this.handlers.begin(delivery, call.paths, done, verdict === 'slow');
    if (verdict !== 'slow') return;
    const ms = plan.slow();
    after = (settle) =>
      void this.clock.schedule(
        ms,
        () => {
          ended();
          this.history.noteReturn(delivery, call.paths);
          settle();
        },
        delivery,
      );
  }

  /** The process is gone; its message comes again, unless it was acknowledged. */
  private crash(call: Pending, plan: FaultPlan): void {
    const { delivery } = call;
    // The effects in their window: executing, or with the record of what they came to on its way.
    const records = this.pending.filter((each) => each.delivery === delivery && each.port === 'record');
    const paths = [...[call, ...records].flatMap((each) => each.paths), ...this.handlers.pathsOf(delivery)];
    this.history.excuse(delivery, 'crash', paths);
    this.history.excuseCarried(delivery, 'crash');
    this.bury(delivery);
    if (delivery.acknowledged) return;
    this.queues.done(delivery);
    this.queues.enqueue(delivery.waiting, plan.redelivery());
  }

  private bury(delivery: Delivery): void {
    delivery.dead = true;
    this.atWork.delete(delivery);
    this.handlers.forget(delivery);
    this.history.noteReturn(delivery);
    this.pending = this.pending.filter((each) => each.delivery !== delivery);
    this.clock.bury(delivery);
  }

  /** The message is granted to another delivery, while this one stands still. */
  private overtake({ delivery }: Pending, plan: FaultPlan): void {
    delivery.stalled = true;
    delivery.heldUntil = this.history.calls + plan.stall();
    this.history.excuseCarried(delivery, 'stall');
    this.queues.overtake(delivery.waiting);
  }

  private deliver(index: number): void {
    const [waiting] = this.queues.ready.splice(index, 1);
    const { destination, body, messageId } = waiting?.message ?? { destination: '', body: '', messageId: '' };
    const handler = this.consumers.get(destination);
    if (waiting === undefined || handler === undefined) {
      this.history.violations.push(`nobody takes messages for ${destination}`);
      return;
    }
    const delivery = new Delivery((this.deliveries += 1), { ...waiting, deliveries: waiting.deliveries + 1 });
    this.atWork.add(delivery);
    this.history.tell(() => `#${delivery.id} is given ${messageId} of ${destination}`);
    const incoming: IncomingMessage = { body, messageId, deliveries: delivery.waiting.deliveries };
    void this.context.enter(delivery, () => this.handle(delivery, incoming, handler));
  }

  private async handle(delivery: Delivery, incoming: IncomingMessage, handler: MessageHandler): Promise<void> {
    try {
      await handler(incoming);
    } catch (error) {
      if (!delivery.dead) this.refused(delivery, error);
      return;
    }
    const paths: readonly string[] = [];
    const act = (): void => {
      delivery.acknowledged = true;
      this.queues.done(delivery);
      this.atWork.delete(delivery);
    };
    await this.call({ port: 'acknowledge', paths, act, about: () => incoming.messageId });
  }

  private refused(delivery: Delivery, error: unknown): void {
    const { waiting } = delivery;
    const { destination } = waiting.message;
    const reason = error instanceof Error ? (error.stack ?? error.message) : 'no error';
    this.history.violations.push(`a hop rejected: ${reason}`);
    this.bury(delivery);
    this.queues.done(delivery);
    if (waiting.deliveries < REFUSALS) {
      this.queues.enqueue(waiting, 100);
    } else if (destination.endsWith(workflowOf(''))) {
      const dead = deadOf(destination.slice(0, -workflowOf('').length));
      this.queues.enqueue({ message: { ...waiting.message, destination: dead }, deliveries: 0 }, 0);
    }
  }

  private tell(call: Pending, verdict: Verdict): void {
    this.history.faults.push(`${verdict} at call ${this.history.calls}, ${describe(call)}`);
    this.history.tell(() => `${describe(call)} !! ${verdict}`);
  }
}

const describe = ({ delivery, port, about }: Pending): string => `#${delivery.id} ${port} ${about()}`;
