import { Logger } from '@nestjs/common';
import { advance, modeOf, resume, stop } from './engine/advance.js';
import { restore } from './engine/checkpoint.js';
import type { Planner } from './execution/planner.js';
import { join, split, walk } from './engine/parts.js';
import type { Run } from './engine/run.js';
import type { Transition } from './engine/transition.js';
import { HopLoopError } from './errors/hop-loop.error.js';
import { OrchestratorError } from './errors/orchestrator.error.js';
import { RunExpiredError } from './errors/run-expired.error.js';
import type { ForkMode } from './execution/fork-mode.js';
import { HopJournal } from './execution/hop-journal.js';
import { Interrupted } from './execution/interrupted.js';
import type { TaskRunner } from './execution/task.runner.js';
import type { MessageCodec } from './message/message.codec.js';
import type { WorkflowMessage } from './message/workflow-message.js';
import type { Claim, Grant, Journal, StateStore } from './state/state.store.js';
import type { HopResult, Router } from './transports/router.js';
import type { IncomingMessage } from './transports/workflow.transport.js';
import type { Clock } from './utils/clock.js';

export interface HopSettings {
  readonly service: string;
  /** Milliseconds for which a grant keeps other deliveries of the same message out. */
  readonly lease: number;
}

type Granted = Claim & Grant;

/** One hop: what a service does with one workflow message, start to end. Read this file first. */
export class Hop {
  private readonly logger = new Logger(Hop.name);

  constructor(
    private readonly settings: HopSettings,
    private readonly codec: MessageCodec,
    private readonly planner: Planner,
    private readonly state: StateStore,
    private readonly tasks: TaskRunner,
    private readonly forks: ForkMode,
    private readonly router: Router,
    private readonly clock: Clock,
  ) {}

  /**
   * Resolves: the message is done with, and is to be acknowledged. The order within is `docs/lifecycle.md`; a crash between
   * any two lines is safe.
   */
  async handle(incoming: IncomingMessage): Promise<HopResult> {
    const run = this.read(incoming); //                               in: a Run, or why it is none
    if (run instanceof OrchestratorError) return this.router.refuse(incoming, run);

    const claim = await this.claim(run.message); //                   may this message execute?
    if (claim.kind === 'stale' || claim.kind === 'ended') return { skipped: true, reason: claim.kind };
    if (claim.kind === 'busy') return this.defer(run.message, 'busy', claim.until - this.clock.now());
    if (claim.kind === 'unavailable') return this.defer(run.message, claim.kind);

    const journal = this.journalOf(run.message, claim, incoming);
    run.now = claim.at;
    try {
      const transition = await this.decide(run, journal, claim); //   decide and execute, in turn
      return await this.router.dispatch(transition, journal); //      out: confirmed before the hop is acknowledged
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
      return await this.interrupted(error, run.message, journal);
    }
  }

  /** Where the run goes from here, after everything that can be executed here has been. */
  private async decide(run: Run, journal: HopJournal, claim: Granted): Promise<Transition> {
    if (claim.kind === 'ended-here') return this.repeatEnd(run, journal, claim);
    const ending = this.mustEnd(run);
    if (ending === undefined) return this.drive(resume(run), journal);
    const { run: replayed } = await this.drive(resume(run), journal, 'replay');
    return stop(replayed, run.plan.environment.classify(ending, 'engine'));
  }

  /** Decides (pure) and executes in turn, until the run must leave, wait, or end. */
  private async drive(
    from: Transition,
    journal: HopJournal,
    how: 'execute' | 'replay' = 'execute',
  ): Promise<Transition> {
    let transition = from;
    for (;;) {
      const { run } = transition;
      if (transition.kind === 'fork') {
        transition = await this.fork(run, journal, how);
      } else if (transition.kind === 'execute' && transition.service === this.settings.service) {
        const known = journal.replay(run, transition.path);
        if (known === undefined && how === 'replay') return transition;
        transition = advance(run, known ?? (await this.tasks.run(transition, journal)));
      } else {
        return transition;
      }
    }
  }

  /** A fork: its parts beside each other in this process where that is safe, else one after another in this message. */
  private async fork(run: Run, journal: HopJournal, how: 'execute' | 'replay'): Promise<Transition> {
    const { seq } = journal.holder;
    if (this.forks.mayRunInProcess(run)) {
      const ends = await allSettled(split(run, seq).map((part) => this.drive(resume(part), journal, how)));
      const arrivals = ends.filter((end) => end.kind === 'arrive');
      const [first] = arrivals;
      if (first !== undefined && arrivals.length === ends.length) {
        const joined = join(first.run, Object.fromEntries(arrivals.map(({ part, result }) => [part, result])));
        joined.now = Math.max(...arrivals.map((arrival) => arrival.run.now));
        return resume(joined);
      }
    }
    walk(run, seq); // what the parts have come to is in the journal: it is not executed again
    return resume(run);
  }

  private read({ body }: IncomingMessage): Run | OrchestratorError {
    try {
      const message = this.codec.decode(body);
      const plan = this.planner.plan(message.cookbook, modeOf(message));
      return restore(message, plan, this.settings.service, this.clock.now());
    } catch (error) {
      if (error instanceof OrchestratorError) return error;
      throw error;
    }
  }

  private async claim(message: WorkflowMessage): Promise<Claim | { readonly kind: 'unavailable' }> {
    try {
      const { workflowId, epoch, line, seq, hopId } = message;
      return await this.state.claim({ workflowId, epoch, line, seq, hopId }, this.settings.lease);
    } catch (error) {
      this.logger.warn(`Run ${message.workflowId}: the state store did not answer the claim (${String(error)}).`);
      return { kind: 'unavailable' };
    }
  }

  private journalOf(message: WorkflowMessage, claim: Granted, { body }: IncomingMessage): HopJournal {
    const carried = claim.kind === 'ended-here' ? {} : ((message.carry ?? {}) as Journal);
    return new HopJournal(this.state, claim.holder, claim.journal, carried, this.settings.lease, body.length);
  }

  /** Why a run may not go on; only a hop that was granted its place says so. */
  private mustEnd({ message, plan }: Run): OrchestratorError | undefined {
    const { expiresAt, hops, workflowId } = message;
    const { limits } = plan.environment;
    if (expiresAt !== undefined && expiresAt <= this.clock.now()) {
      return new RunExpiredError(`Run "${workflowId}" had to end before ${new Date(expiresAt).toISOString()}.`);
    }
    if (hops <= limits.hops) return undefined;
    return new HopLoopError(
      `Run "${workflowId}": ${hops} forwards in a row without a completed step, ${limits.hops} are allowed (limits.hops). ` +
        'Two services seem to hand it to each other: compare the service names of the cookbook with those of the modules.',
    );
  }

  /** This very message ended the run, and may not have said so: nothing is executed, the same end is told again. */
  private async repeatEnd(
    run: Run,
    journal: HopJournal,
    { summary }: Claim & { kind: 'ended-here' },
  ): Promise<Transition> {
    const transition = await this.drive(resume(run), journal, 'replay');
    if (summary.failure === undefined || transition.kind === 'fail') return transition;
    return stop(transition.run, summary.failure);
  }

  private async defer(message: WorkflowMessage, reason: 'busy' | 'unavailable', delay?: number): Promise<HopResult> {
    await this.router.defer(message, delay);
    return { skipped: true, reason };
  }

  /** About the plumbing, not about the run: no attempt is consumed, and nothing that was executed is forgotten. */
  private async interrupted(
    { kind, cause }: Interrupted,
    message: WorkflowMessage,
    journal: HopJournal,
  ): Promise<HopResult> {
    if (kind === 'fenced') return { skipped: true, reason: kind }; // another delivery goes on with the run
    this.logger.warn(`Run ${message.workflowId}: put back, ${kind} (${String(cause)}).`);
    const carry = journal.unrecorded;
    await this.router.defer(Object.keys(carry).length === 0 ? message : { ...message, carry });
    await journal.release();
    return { skipped: true, reason: kind };
  }
}

/** All ends, or the first error, but only after every part has come to rest. */
async function allSettled<T>(parts: readonly Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(parts);
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}
