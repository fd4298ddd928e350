import type { Brackets } from '../cache/brackets.js';
import { FROM_CODE, type Origin } from '../cache/cache-events.js';
import type { Mutation } from '../cache/mutation.js';
import type { Reading } from '../cache/reading.js';
import { fieldIn } from '../cache/fields.js';
import type { Tag } from '../cache/tags.js';
import type { Veil } from '../engine/secrets/veil.js';
import type { WorkflowEvent } from '../events/workflow.event.js';
import type { Caller } from '../message/workflow-message.js';
import { OPERATION_CONTEXT_TYPE } from '../operations/operation.js';
import type { Bracket } from '../operations/handler-call.js';
import type { BoundOperation, OperationRegistry } from '../operations/operation.registry.js';
import type { HopJournal } from './hop-journal.js';
import { Interrupted } from './interrupted.js';
import type { Task } from './task.js';

/**
 * The step cache, as a hop uses it: reads are answered from it, and whatever becomes of a step that may have changed something,
 * what is cached of that is purged before anything of the hop leaves it.
 */
export class StepCoherence {
  constructor(
    private readonly service: string,
    private readonly brackets: Brackets,
    private readonly operations: OperationRegistry,
  ) {}

  /** What stands around a task's call. */
  around(task: Task, operation: BoundOperation, input: unknown, veil: Veil): StepBracket {
    const origin = originOf(task);
    const caller = callerOf(task);
    if (operation.mutates) {
      return new MutationOfStep(this.brackets.mutating([operation], caller, origin, (tag) => veil.hides(tag)));
    }
    if (veil.data(input) !== input) {
      this.brackets.bypass(operation, origin, 'its input holds a secret of the run');
      return new ReadingOfStep(undefined, this.brackets.isOn);
    }
    const reading = this.brackets.reading(operation, {
      contextType: OPERATION_CONTEXT_TYPE,
      caller,
      input,
      fieldOf: (field) => fieldIn(input, field),
      origin,
      collapses: true,
    });
    return new ReadingOfStep(reading, this.brackets.isOn);
  }

  /** An outcome is replayed: what it has changed may have been changed again since it was purged. @throws Interrupted */
  async replayed(task: Task, journal: HopJournal): Promise<void> {
    await this.purge(journal.toPurgeAgain(task.path), task, journal, 'replayed');
  }

  /**
   * The journal ends before a task that is not executed any more, as its run ends: an earlier delivery may have started it.
   * @throws Interrupted
   */
  async unfinished(task: Task, journal: HopJournal): Promise<void> {
    // What a lookup says now need not be what it said then.
    const declared = this.operations.hasLookup(this.service)
      ? undefined
      : this.operations.get(this.service, task.step.operation);
    if (declared?.mutates === false && task.step.mutates !== true) return;
    await this.purge(this.brackets.widest(declared, callerOf(task)), task, journal, 'not seen to its end');
  }

  /** Nobody knows what of a run was started here. */
  unknown(caller: Caller, journal: HopJournal): void {
    journal.owe(this.brackets.widest(undefined, caller));
  }

  /** Purges what an earlier hop of a message could not. `false`: it cannot be done now either. */
  pay(debt: readonly Tag[] = []): Promise<boolean> {
    return this.brackets.purge(debt, null, FROM_CODE, 'owed');
  }

  /** Before anything of a hop leaves it. @throws Interrupted while it owes a purge */
  async settle(journal: HopJournal): Promise<void> {
    if (journal.owed.length > 0 && (await this.pay(journal.owed))) journal.pay();
    refuseDebt(journal);
  }

  private async purge(tags: readonly Tag[], task: Task, journal: HopJournal, reason: string): Promise<void> {
    const operation = this.operations.get(this.service, task.step.operation)?.name ?? null; // a message may name any
    if (!(await this.brackets.purge(tags, operation, originOf(task), reason))) journal.owe(tags);
    refuseDebt(journal);
  }
}

/** What stands around one call of a task, and what is to be told of it after it. */
export interface StepBracket {
  readonly bracket: Bracket | undefined;
  /** How the step cache answered. `null`: it is off. */
  readonly answered: WorkflowEvent['cache'];
  /** The call is over, or nobody waits for it any more: what it has changed is purged, or the hop owes that. */
  leave(journal: HopJournal): Promise<void>;
  /** What is cached of what it may have changed, for its record. @param overdue it has not settled */
  changed(overdue: boolean): readonly Tag[] | undefined;
}

class MutationOfStep implements StepBracket {
  constructor(readonly bracket: Mutation | undefined) {}

  get answered(): WorkflowEvent['cache'] {
    return this.bracket === undefined ? null : 'bypass';
  }

  async leave(journal: HopJournal): Promise<void> {
    const { bracket } = this;
    if (bracket === undefined) return;
    if (!(await bracket.end())) journal.owe(bracket.tags);
  }

  changed(overdue: boolean): readonly Tag[] | undefined {
    const { bracket } = this;
    return bracket !== undefined && (bracket.started || overdue) ? bracket.tags : undefined;
  }
}

class ReadingOfStep implements StepBracket {
  constructor(
    readonly bracket: Reading | undefined,
    private readonly isOn: boolean,
  ) {}

  get answered(): WorkflowEvent['cache'] {
    return this.isOn ? (this.bracket?.answered ?? 'bypass') : null;
  }

  /** Past its deadline it is nobody's answer but its own: whoever waits for it executes. */
  leave(): Promise<void> {
    this.bracket?.fail();
    return Promise.resolve();
  }

  changed(): undefined {
    return undefined;
  }
}

/** @throws Interrupted */
export function refuseDebt({ owed }: HopJournal): void {
  if (owed.length === 0) return;
  throw new Interrupted('unpurged', { cause: new Error('the tokens of the step cache could not be replaced') });
}

/** Whom a task acts for: its run's caller, with the step's own workspace. */
export function callerOf({ run: { message, plan }, step }: Pick<Task, 'run' | 'step'>): Caller {
  const { tenantId, personId } = message;
  const workspaceId = step.workspace_id ?? message.workspaceId ?? plan.cookbook.defaults?.workspace_id;
  return { tenantId, workspaceId, personId };
}

const originOf = ({ run, path }: Task): Origin => ({ context: 'workflow', workflowId: run.message.workflowId, path });
