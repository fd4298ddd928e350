import type { Outcome } from '../../engine/outcome.js';
import type { Arrival, ArrivalAnswer, HoldAnswer, Holder, Journal } from '../../state/state.store.js';
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
  /** What it returned, as JSON. */
  output: string | undefined;
  /** It has not returned, and lives. */
  running: boolean;
  /** Its hop has recorded what it came to. */
  recorded: boolean;
  /** The store failed while this was recorded: its message carries it, unless another copy of that is first. */
  carried: boolean;
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
  /** What no run that keeps records may show: effects after its end, joins that told different things. */
  readonly unfenced: string[] = [];
  /** Every call, if it was asked for. */
  readonly trace: string[] = [];
  /** Calls that something could have happened to. */
  calls = 0;
  recordLost = false;
  cancelled = false;
  private readonly endedEpochs = new Set<number>();
  /** By `<epoch> <join>`: what those were told who completed it. */
  private readonly joins = new Map<string, string>();

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
      const executed = this.executions.filter((each) => each.path === path && each.attempt === attempt && each.epoch === epoch); // prettier-ignore
      const kept = executed.findLast((each) => each.delivery === delivery) ?? carriedOf(executed, outcome);
      if (kept !== undefined) kept.recorded = true;
    }
  }

  /** A handler acts. */
  noteExecution(execution: Execution): void {
    const { mutates, epoch, delivery, path, attempt, idempotencyKey } = execution;
    const other = this.executions.find(
      (each) => each.running && each.epoch === epoch && each.idempotencyKey === idempotencyKey,
    );
    if (mutates && other !== undefined && !delivery.stalled && !other.delivery.stalled && !this.recordLost) {
      this.unfenced.push(`attempt ${attempt} of ${path} began while attempt ${other.attempt} of it was at work`);
    }
    this.executions.push(execution);
    if (!mutates || !this.endedEpochs.has(epoch) || delivery.stalled || this.recordLost) return;
    this.unfenced.push(`an effect after the end of its run: ${path}#${attempt}`);
  }

  /** A handler has returned; `undefined` paths: none of its delivery runs any more. */
  noteReturn(delivery: Delivery, paths?: readonly string[]): void {
    for (const execution of this.executions) {
      if (execution.delivery === delivery && (paths?.includes(execution.path) ?? true)) execution.running = false;
    }
  }

  /** The store has ended a run. */
  noteEnd(delivery: Delivery, { epoch }: Holder, answer: HoldAnswer): void {
    if (answer === 'ok' && delivery.granted) this.endedEpochs.add(epoch);
  }

  /** All parts have met: whoever hears of it must hear the same. */
  noteJoin({ epoch }: Holder, { join }: Arrival, answer: ArrivalAnswer): void {
    if (answer.kind !== 'all' || this.recordLost) return;
    const key = `${epoch} ${join}`;
    const results = JSON.stringify(answer.results);
    const before = this.joins.get(key) ?? results;
    this.joins.set(key, before);
    if (before !== results)
      this.unfenced.push(`two that completed ${join} were told different results: ${before}, ${results}`);
  }

  /** The store failed to keep them. */
  noteCarried(delivery: Delivery, paths: readonly string[], hasCopies: boolean): void {
    for (const execution of this.executions) {
      if (execution.delivery !== delivery || execution.recorded || !paths.includes(execution.path)) continue;
      execution.carried = true;
      if (hasCopies || delivery.stalled) execution.excuse ??= 'store error';
    }
  }

  /** What a delivery carries is lost with it. */
  excuseCarried(delivery: Delivery, why: string): void {
    for (const execution of this.executions) {
      if (execution.delivery === delivery && execution.carried && !execution.recorded) execution.excuse ??= why;
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

/** The execution that came to an outcome which its message carried to whoever recorded it; `undefined`: one that was recorded before. */
function carriedOf(executed: readonly Execution[], outcome: Outcome): Execution | undefined {
  if (executed.some(({ recorded }) => recorded)) return undefined;
  const output = JSON.stringify(outcome.kind === 'completed' ? outcome.output : undefined);
  const same = executed.filter((each) => each.output === output);
  const candidates = same.length > 0 ? same : executed;
  return candidates.findLast(({ delivery }) => !delivery.stalled) ?? candidates.at(-1);
}
