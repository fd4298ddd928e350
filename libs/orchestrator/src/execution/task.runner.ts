import { Logger } from '@nestjs/common';
import { errorRef, modeOf } from '../engine/advance.js';
import type { Outcome } from '../engine/outcome.js';
import { lineOf } from '../engine/parts.js';
import { nodeOf } from '../engine/plan.js';
import { RunScope } from '../engine/run-scope.js';
import { secretsIn, veilOf } from '../engine/secrets/redact.js';
import type { Veil } from '../engine/secrets/veil.js';
import type { TaskStep } from '../cookbook/cookbook.js';
import type { Failure } from '../errors/failure.js';
import { InvalidOutputError } from '../errors/invalid-output.error.js';
import { OperationTimeoutError } from '../errors/operation-timeout.error.js';
import { RunCancelledError } from '../errors/run-cancelled.error.js';
import type { WorkflowEvent } from '../events/workflow.event.js';
import type { WorkflowEvents } from '../events/workflow-events.js';
import { setMayChange } from '../operations/handler-call.js';
import type { BoundOperation, OperationRegistry } from '../operations/operation.registry.js';
import { checkShape } from '../message/bounds.js';
import type { OperationContext } from '../operations/operation.js';
import type { Clock } from '../utils/clock.js';
import { describe } from '../utils/describe.js';
import { stackOf } from '../utils/describe-error.js';
import { Deadline } from './deadline.js';
import { type HopJournal, LEFT_OUT } from './hop-journal.js';
import { Interrupted } from './interrupted.js';
import type { Task } from './task.js';
import { callerOf, refuseDebt, type StepBracket, type StepCoherence } from './step-coherence.js';

/** How much deeper an output nests in `carry`: envelope, carry, path, outcome. */
const CARRIED_DEPTH = 4;

/** How many times its deadline a handler that is past it keeps the next attempt out. */
const TIMES_UPHELD = 10;

const noop = (): void => undefined;

/** What a handler that is past its deadline is still doing, and the milliseconds it had. */
interface Overdue {
  readonly working: Promise<unknown>;
  readonly ms: number;
}

interface Executed {
  readonly outcome: Outcome;
  readonly mutated: boolean;
  readonly overdue: Overdue | undefined;
  /** How the step cache answered. */
  readonly cache: WorkflowEvent['cache'];
  /** What is cached of what the task may have changed. */
  readonly tags: readonly string[] | undefined;
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
    private readonly coherence: StepCoherence,
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
    if (mutated) {
      await journal.flush(); // also what could not be purged: a redelivery purges it, and does not execute it again
      refuseDebt(journal); // it was done, and may not be told yet
    }
    return outcome;
  }

  /** Tells every handler at work to stop: the application is closing and waits no longer. Their messages are put back. */
  abort(): void {
    this.closing = true;
    for (const deadline of this.running) deadline.pass(new Interrupted('closing'));
  }

  private async execute(task: Task, journal: HopJournal): Promise<Executed> {
    const { run, step, path } = task;
    let mutated = false;
    let overdue: Overdue | undefined;
    let around: StepBracket | undefined;
    let veil = veilOf(run, step);
    const executed = (outcome: Outcome): Executed => ({
      outcome,
      mutated,
      overdue,
      cache: around?.answered ?? null,
      tags: around?.changed(overdue !== undefined),
    });
    try {
      const ms = this.timeFor(task);
      const resolved = this.inputOf(task);
      const input: unknown = resolved instanceof Promise ? await this.within(ms, task, () => resolved) : resolved;
      veil = veil.and(secretsIn(run, step, input)); // before the handler can change what it is given
      const operation = this.operations.find(this.settings.service, step);
      if (operation.mutates) {
        await journal.flush();
        await journal.cover(ms);
        mutated = true;
      } else {
        journal.check();
      }
      around = this.coherence.around(task, operation, input, veil);
      const output = await this.invoke(operation, input, ms, task, journal, around, (working) => {
        overdue = { working, ms };
      });
      return executed({ kind: 'completed', output: asJson(task, output, veil, journal) });
    } catch (error) {
      if (error instanceof Interrupted) throw error;
      const failure = bounded(task, veil.failure(run.plan.environment.classify(error, 'handler')), journal);
      const stack = stackOf(error);
      this.logger.warn(
        `${errorRef(run, path)} ${step.service}.${step.operation} failed: ${failure.message}`,
        stack && veil.text(stack),
      );
      return executed({ kind: 'failed', failure });
    }
  }

  private async invoke(
    operation: BoundOperation,
    input: unknown,
    ms: number,
    task: Task,
    journal: HopJournal,
    around: StepBracket,
    isOverdue: (working: Promise<unknown>) => void,
  ): Promise<unknown> {
    let working: Promise<unknown> = Promise.resolve();
    let forget: () => void = () => undefined;
    try {
      return await this.within(ms, task, (deadline) => {
        forget = journal.onCancel(() => {
          deadline.abort(new RunCancelledError(`Run "${task.run.message.workflowId}" goes on no further here.`));
        });
        const context = this.contextOf(task, deadline);
        if (operation.mutates) setMayChange(context);
        return (working = operation.invoke(input, context, around.bracket));
      });
    } catch (error) {
      if (operation.mutates && error instanceof OperationTimeoutError) isOverdue(working);
      throw error;
    } finally {
      forget();
      await around.leave(journal); // not within its deadline: a slow purge is no slow handler
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
