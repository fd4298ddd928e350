import type { HoldAnswer, Holder, Journal } from '../../state/state.store.js';
import type { OutgoingMessage } from '../../transports/workflow.transport.js';
import type { Delivery } from './delivery.js';

/** One raw execution of a handler, noted at the moment it acted. */
export interface Execution {
  readonly service: string;
  readonly operation: string;
  readonly path: string;
  readonly attempt: number;
  readonly epoch: number;
  readonly idempotencyKey: string;
  readonly input: unknown;
  /** It changes something: an effect. */
  readonly mutates: boolean;
  readonly delivery: Delivery;
  /** Its hop has recorded what it came to. */
  recorded: boolean;
  /** Which injected fault may have lost its outcome; `undefined`: none, so that a repeat is a fault of the library. */
  excuse: string | undefined;
}

/** What happened in one simulated run. */
export class History {
  /** In the order of their happening. */
  readonly executions: Execution[] = [];
  /** Messages that went to topics, such as `workflow.completed`. */
  readonly terminals: OutgoingMessage[] = [];
  /** By `<epoch> <path>#<attempt>`: the different outcomes that were recorded, as JSON. */
  readonly recorded = new Map<string, Set<string>>();
  /** What was injected. */
  readonly faults: string[] = [];
  /** What no run may show, whatever was injected. */
  readonly violations: string[] = [];
  /** Every call, if it was asked for. */
  readonly trace: string[] = [];
  /** Calls that something could have happened to. */
  calls = 0;
  restarted = false;

  constructor(private readonly traced: boolean) {}

  tell(line: () => string): void {
    if (this.traced) this.trace.push(line());
  }

  /** The store kept outcomes, or refused to. */
  noteRecord(delivery: Delivery, { epoch }: Holder, outcomes: Journal, answer: HoldAnswer): void {
    for (const [path, { attempt, outcome }] of Object.entries(outcomes)) {
      if (answer === 'fenced') {
        if (delivery.stalled) this.excuse(delivery, 'stall', [path]);
        continue;
      }
      const key = `${epoch} ${path}#${attempt}`;
      const known = this.recorded.get(key) ?? new Set();
      this.recorded.set(key, known.add(JSON.stringify(outcome)));
      for (const execution of this.executions) {
        if (execution.delivery === delivery && execution.path === path && execution.attempt === attempt) {
          execution.recorded = true;
        }
      }
    }
  }

  /** The outcomes of these paths may be lost to a fault: each of their effects may be repeated once. */
  excuse(delivery: Delivery, why: string, paths: readonly string[]): void {
    for (const execution of this.executions) {
      if (execution.delivery !== delivery || execution.recorded || !paths.includes(execution.path)) continue;
      execution.excuse ??= why;
    }
  }
}
