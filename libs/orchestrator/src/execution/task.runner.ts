import { Logger } from '@nestjs/common';
import { errorRef, modeOf } from '../engine/advance.js';
import type { Outcome } from '../engine/outcome.js';
import { lineOf } from '../engine/parts.js';
import { nodeOf } from '../engine/plan.js';
import type { Run } from '../engine/run.js';
import { RunScope } from '../engine/run-scope.js';
import { secretsIn, veilOf } from '../engine/secrets/redact.js';
import type { Veil } from '../engine/secrets/veil.js';
import type { TaskStep } from '../cookbook/cookbook.js';
import type { Failure } from '../errors/failure.js';
import { InvalidOutputError } from '../errors/invalid-output.error.js';
import { OperationTimeoutError } from '../errors/operation-timeout.error.js';
import { RunCancelledError } from '../errors/run-cancelled.error.js';
import { FROM_CODE, type Origin } from '../cache/cache-events.js';
import type { Mutation } from '../cache/mutation.js';
import type { Reading } from '../cache/reading.js';
import type { StepCache } from '../cache/step-cache.js';
import { fieldIn } from '../cache/tags.js';
import type { WorkflowEvent } from '../events/workflow.event.js';
import type { WorkflowEvents } from '../events/workflow-events.js';
import type { BoundOperation, OperationRegistry } from '../operations/operation.registry.js';
import { checkShape } from '../message/bounds.js';
import { OPERATION_CONTEXT_TYPE, type OperationContext } from '../operations/operation.js';
import type { Caller } from '../message/workflow-message.js';
import type { Clock } from '../utils/clock.js';
import { describe } from '../utils/describe.js';
import { stackOf } from '../utils/describe-error.js';
import { Deadline } from './deadline.js';
import { type HopJournal, LEFT_OUT } from './hop-journal.js';
import { Interrupted } from './interrupted.js';

/** How much deeper an output nests in `carry`: envelope, carry, path, outcome. */
const CARRIED_DEPTH = 4;

/** How many times its deadline a handler that is past it keeps the next attempt out. */
const TIMES_UPHELD = 10;

const noop = (): void => undefined;

/** A task at a run's pointer, as the engine asks for it. */
export interface Task {
  readonly run: Run;
  readonly step: TaskStep;
  readonly path: string;
}

/** What a handler that is past its deadline is still doing, and the milliseconds it had. */
interface Overdue {
  readonly working: Promise<unknown>;
  readonly ms: number;
}

/** An execution while it is under way. */
interface Execution {
  veil: Veil;
  mutates: BoundOperation;
  mutation: Mutation | undefined;
  reading: Reading | undefined;
  overdue: Overdue | undefined;
}

interface Executed {
  readonly outcome: Outcome;
  readonly mutated: boolean;
  readonly overdue: Overdue | undefined;
  /** How the step cache answered. */
  readonly cache: WorkflowEvent['cache'];
  /** What is cached of what the task may have changed. */
  readonly tags?: readonly string[] | undefined;
}

export interface TaskRunnerSettings {
  readonly service: string;
  /** Namespace of idempotency keys. */
  readonly namespace: string;
  /** Milliseconds a handler may take where its step says nothing. */
  readonly timeout: number;
}

/** EXECUTE: turns a task into its outcome. What a handler throws is an outcome; only the plumbing interrupts. */
export class TaskRunner {
  private readonly logger = new Logger(TaskRunner.name);
  private readonly running = new Set<Deadline>();
  private closing = false;

  constructor(
    private readonly settings: TaskRunnerSettings,
    private readonly operations: OperationRegistry,
    private readonly cache: StepCache,
    private readonly events: WorkflowEvents,
    private readonly clock: Clock,
  ) {}

  /**
   * Executes a task. Everything that came before it in the hop is recorded before a mutating one starts, and what it came to
   * before this resolves.
   * @throws Interrupted when it could not be recorded
   */
  async run(task: Task, journal: HopJournal): Promise<Outcome> {
    const { run, step, path } = task;
    const startedAt = this.clock.now();
    this.events.step('step_started', task, startedAt);
    const { outcome, mutated, overdue, cache, tags } = await this.execute(task, journal);
    run.now = this.clock.now();
    journal.note(path, { outcome, attempt: run.attempt, at: run.now, ...(tags && { tags }) });
    const { maxAttempts } = nodeOf(run.plan, step.step_id).retry;
    this.events.settled(task, outcome, { maxAttempts, durationMs: run.now - startedAt, at: run.now, cache });
    if (overdue !== undefined) await this.uphold(overdue, task, journal);
    if (mutated) this.refuseDebt(journal);
    if (mutated) await journal.flush();
    return outcome;
  }

  /** An outcome is replayed: what it has changed may have been changed again since it was purged. */
  async purgeAgain(task: Task, journal: HopJournal): Promise<void> {
    await this.purge(journal.toPurgeAgain(task.path), task, journal, 'replayed');
  }

  /** The journal ends before a task that is not executed any more: an earlier delivery may have started it. */
  async purgeUnfinished(task: Task, journal: HopJournal): Promise<void> {
    const operation = this.operations.get(this.settings.service, task.step.operation);
    if (operation?.mutates === false && task.step.mutates !== true && !this.operations.hasLookup(this.settings.service)) return; // prettier-ignore
    await this.purge(this.cache.widest(operation, callerOf(task)), task, journal, 'not seen to its end');
  }

  /** Nothing of a hop leaves it while it owes a purge. @throws Interrupted */
  async settleDebt(journal: HopJournal): Promise<void> {
    if (journal.owed.length > 0 && (await this.cache.purge(journal.owed, null, FROM_CODE, 'owed'))) journal.pay();
    this.refuseDebt(journal);
  }

  private async purge(tags: readonly string[], task: Task, journal: HopJournal, reason: string): Promise<void> {
    if (!(await this.cache.purge(tags, task.step.operation, originOf(task), reason))) journal.owe(tags);
    this.refuseDebt(journal);
  }

  private refuseDebt({ owed }: HopJournal): void {
    if (owed.length > 0) throw new Interrupted('unpurged', { cause: new Error('the tokens of the step cache could not be replaced') }); // prettier-ignore
  }

  /** Tells every handler at work to stop: the application is closing and waits no longer. Their messages are put back. */
  abort(): void {
    this.closing = true;
    for (const deadline of this.running) deadline.pass(new Interrupted('closing'));
  }

  private async execute(task: Task, journal: HopJournal): Promise<Executed> {
    const { run, step, path } = task;
    const seen: Pick<Execution, 'veil'> & Partial<Execution> = { veil: veilOf(run, step) };
    try {
      const ms = this.timeFor(task);
      const resolved = this.inputOf(task);
      const input: unknown = resolved instanceof Promise ? await this.within(ms, task, () => resolved) : resolved;
      seen.veil = seen.veil.and(secretsIn(run, step, input)); // before the handler can change what it is given
      const operation = this.operations.find(this.settings.service, step);
      if (operation.mutates) {
        await journal.flush();
        await journal.cover(ms);
        seen.mutates = operation;
        seen.mutation = this.cache.mutating([operation], callerOf(task), originOf(task));
      } else {
        journal.check();
        seen.reading = this.reading(operation, input, task, seen.veil);
      }
      const output = await this.invoke(operation, input, ms, task, journal, seen);
      return {
        outcome: { kind: 'completed', output: asJson(task, output, seen.veil, journal) },
        ...this.told(seen, task),
      };
    } catch (error) {
      if (error instanceof Interrupted) throw error;
      const failure = bounded(task, seen.veil.failure(run.plan.environment.classify(error, 'handler')), journal);
      const stack = stackOf(error);
      this.logger.warn(
        `${errorRef(run, path)} ${step.service}.${step.operation} failed: ${failure.message}`,
        stack && seen.veil.text(stack),
      );
      return { outcome: { kind: 'failed', failure }, ...this.told(seen, task) };
    }
  }

  /** What is known of an execution beside its outcome. */
  private told(
    { veil, mutates, mutation, reading, overdue }: Pick<Execution, 'veil'> & Partial<Execution>,
    task: Task,
  ): Omit<Executed, 'outcome'> {
    const mutated = mutates !== undefined;
    if (mutation === undefined)
      return { mutated, overdue, cache: this.cache.isOn ? (reading?.answered ?? 'bypass') : null };
    const changed = mutation.started || overdue !== undefined ? mutation.tags : undefined;
    // Tags hold ids; one that is a secret is not kept.
    const tags =
      changed?.some((tag) => veil.hides(tag)) === true ? this.cache.widest(mutates, callerOf(task)) : changed;
    return { mutated, overdue, cache: 'bypass', tags };
  }

  private reading(operation: BoundOperation, input: unknown, task: Task, veil: Veil): Reading | undefined {
    const origin = originOf(task);
    if (veil.data(input) !== input) return this.cache.bypass(operation, origin, 'its input holds a secret of the run');
    return this.cache.reading(operation, {
      contextType: OPERATION_CONTEXT_TYPE,
      caller: callerOf(task),
      input,
      fieldOf: (field) => fieldIn(input, field),
      origin,
      collapses: true,
    });
  }

  private async invoke(
    operation: BoundOperation,
    input: unknown,
    ms: number,
    task: Task,
    journal: HopJournal,
    seen: Partial<Execution>,
  ): Promise<unknown> {
    const { mutation, reading } = seen;
    let working: Promise<unknown> = Promise.resolve();
    let forget: () => void = () => undefined;
    try {
      return await this.within(ms, task, (deadline) => {
        forget = journal.onCancel(() => {
          deadline.abort(new RunCancelledError(`Run "${task.run.message.workflowId}" goes on no further here.`));
        });
        return (working = operation.invoke(input, this.contextOf(task, deadline), mutation ?? reading));
      });
    } catch (error) {
      if (operation.mutates && error instanceof OperationTimeoutError) seen.overdue = { working, ms };
      throw error;
    } finally {
      forget();
      // Whatever it came to, and before anybody is told: beside the deadline, for a slow purge is no slow handler.
      if (mutation !== undefined && !(await mutation.purge())) journal.owe(mutation.tags);
      mutation?.leave();
    }
  }

  /**
   * A handler that may still change something keeps the next attempt out until it has settled, but not for ever: one that never
   * does would keep its run from ending. A part in process waits for that here: its next attempt may be on another line.
   */
  private async uphold({ working, ms }: Overdue, { run, path, step }: Task, journal: HopJournal): Promise<void> {
    const overdue = new Deadline();
    const disarm = this.clock.after(TIMES_UPHELD * ms, () => {
      this.logger.warn(`Step "${path}": ${step.service}.${step.operation} still runs, ${TIMES_UPHELD + 1} times as long as it may. Its next attempt may overlap it.`); // prettier-ignore
      overdue.pass(new Error('given up'));
    });
    this.running.add(overdue);
    const settled = overdue
      .waitFor(working)
      .then(noop, noop)
      .finally(() => {
        disarm();
        this.running.delete(overdue);
      });
    try {
      await journal.lease.uphold(settled);
    } catch (cause) {
      throw new Interrupted('unavailable', { cause });
    }
    if (lineOf(run) !== journal.holder.line) await settled;
  }

  /** Milliseconds that an attempt may take: never longer than its run may live. */
  private timeFor({ run, step }: Task): number {
    const { expiresAt = Number.POSITIVE_INFINITY } = run.message;
    const timeout = nodeOf(run.plan, step.step_id).timeout ?? this.settings.timeout;
    return Math.min(timeout, expiresAt - this.clock.now());
  }

  private inputOf({ run, step }: Task): unknown {
    const { helpers, limits } = run.plan.environment;
    const { service } = this.settings;
    const scope = new RunScope(run, { service, step_id: step.step_id, workflow_id: run.message.workflowId });
    return nodeOf(run.plan, step.step_id)
      .input()
      .resolve(scope, { mode: modeOf(run.message), helpers, limits });
  }

  /** What the work comes to within so many milliseconds. @throws OperationTimeoutError */
  private async within(
    ms: number,
    { path, step }: Task,
    work: (deadline: Deadline) => Promise<unknown>,
  ): Promise<unknown> {
    if (this.closing) throw new Interrupted('closing');
    const deadline = new Deadline();
    this.running.add(deadline);
    const disarm = this.clock.after(ms, () => {
      deadline.pass(
        new OperationTimeoutError(
          `Step "${path}": ${step.service}.${step.operation} did not answer within ${ms} ms. ` +
            'Raise timeout_ms of the step, or let the handler heed context.signal.',
        ),
      );
    });
    try {
      return await deadline.waitFor(work(deadline));
    } finally {
      disarm();
      this.running.delete(deadline);
    }
  }

  private contextOf({ run, step, path }: Task, deadline: Deadline): OperationContext {
    const { message, attempt } = run;
    return {
      service: this.settings.service,
      operation: step.operation,
      workflowId: message.workflowId,
      correlationId: message.correlationId,
      stepId: step.step_id,
      path,
      attempt,
      caller: callerOf({ run, step }),
      idempotencyKey: `${this.settings.namespace}:${message.workflowId}:${message.redo}:${path}`,
      get signal() {
        return deadline.signal;
      },
      traceparent: message.traceparent,
    };
  }
}

/** Whom a task acts for: its run's caller, with the step's own workspace. */
function callerOf({ run: { message, plan }, step }: Pick<Task, 'run' | 'step'>): Caller {
  const { tenantId, personId } = message;
  return {
    tenantId,
    workspaceId: step.workspace_id ?? message.workspaceId ?? plan.cookbook.defaults?.workspace_id,
    personId,
  };
}

const originOf = ({ run, path }: Task): Origin => ({ context: 'workflow', workflowId: run.message.workflowId, path });

/**
 * The output as the next service will see it, without secrets, in a copy that the handler cannot change any more.
 * @throws InvalidOutputError when it is no JSON; LimitExceededError, MessageTooLargeError when the run's message could not hold it
 */
function asJson({ run, step }: Task, output: unknown, veil: Veil, journal: HopJournal): unknown {
  const text = textOf(step, output);
  if (text === undefined) return undefined;
  const { limits } = run.plan.environment;
  const whole: unknown = JSON.parse(text);
  const copy = veil.data(whole);
  // It must also fit where a message carries it that could not be recorded: deeper, and beside the rest.
  const room = { depth: limits.depth - CARRIED_DEPTH, nodes: limits.nodes / 2 };
  if (typeof copy === 'object' && copy !== null)
    checkShape(copy, room, `the output of step "${step.step_id}", which must leave room in its message,`);
  const bytes = Buffer.byteLength(copy === whole ? text : JSON.stringify(copy));
  journal.admit(bytes, limits.messageBytes);
  return copy;
}

/** The failure, without its details where the run's message could not hold them. */
function bounded({ run }: Task, failure: Failure, journal: HopJournal): Failure {
  try {
    journal.admit(Buffer.byteLength(JSON.stringify(failure)), run.plan.environment.limits.messageBytes);
    return failure;
  } catch {
    return { ...failure, details: LEFT_OUT };
  }
}

function textOf({ service, operation }: TaskStep, output: unknown): string | undefined {
  try {
    return JSON.stringify(output);
  } catch (error) {
    const [reason = ''] = String(error).split('\n');
    const fix = 'Return what JSON can hold: no bigint, no object that contains itself.';
    throw new InvalidOutputError(`operation "${operation}" of "${service}"`, [
      { path: '', message: `is no JSON (${reason})`, found: describe(output), fix },
    ]);
  }
}
