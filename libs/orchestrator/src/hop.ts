import { setImmediate } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { advance, modeOf, resume, stop } from './engine/advance.js';
import { restore } from './engine/checkpoint.js';
import { join, split, walk } from './engine/parts.js';
import type { Run } from './engine/run.js';
import type { Transition } from './engine/transition.js';
import { OrchestratorError } from './errors/orchestrator.error.js';
import { classifyError } from './execution/error-classifier.js';
import { reasonToEnd } from './execution/ending.js';
import type { ForkMode } from './execution/fork-mode.js';
import { HopJournal } from './execution/hop-journal.js';
import { Interrupted } from './execution/interrupted.js';
import type { Planner } from './execution/planner.js';
import type { TaskRunner } from './execution/task.runner.js';
import type { MessageCodec } from './message/message.codec.js';
import type { WorkflowMessage } from './message/workflow-message.js';
import type { Claim, Grant, Journal, StateStore } from './state/state.store.js';
import type { HopResult, Obstacle, Router, SkipReason } from './transports/router.js';
import type { IncomingMessage } from './transports/workflow.transport.js';
import type { Clock } from './utils/clock.js';
import { describeError, stackOf } from './utils/describe-error.js';

export interface HopSettings {
  readonly service: string;
  /** Milliseconds for which a grant keeps other deliveries of the same message out. */
  readonly lease: number;
  /** Milliseconds for which an unreachable destination is tried again. */
  readonly unroutableFor: number;
}

type Granted = Claim & Grant;

/** Why a message is no run, and whose it is where that can be told. */
interface Refusal {
  readonly refusal: OrchestratorError;
  readonly message: WorkflowMessage | undefined;
}

/** Tasks in a row before timers and I/O get their turn. */
const BURST = 64;

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
   * Resolves: the message is done with, and is to be acknowledged. The order within is `docs/lifecycle.md`; after a crash
   * between any two lines the message comes again, and the run record says what is done.
   */
  async handle(incoming: IncomingMessage): Promise<HopResult> {
    const run = this.read(incoming); //                               in: a Run, or why it is none
    if ('refusal' in run) return this.refuse(incoming, run);

    const claim = await this.claim(run.message); //                   may this message execute?
    if (claim.kind === 'stale' || claim.kind === 'ended') return { skipped: true, reason: claim.kind };
    if (claim.kind === 'busy') return this.putBack(incoming, 'busy', {}, claim.until - this.clock.now());
    if (claim.kind === 'unavailable') return this.putBack(incoming, claim.kind);

    const journal = this.journalOf(run.message, claim, incoming);
    try {
      let transition = await this.decide(run, journal, claim); //     decide (pure) and execute, in turn
      for (;;) {
        const sent = await this.router.dispatch(transition, journal); // out: confirmed before the hop is acknowledged
        if (!('obstacle' in sent)) return sent;
        const next = await this.around(sent, incoming, transition.run, journal, claim);
        if (!('kind' in next)) return next;
        transition = next;
      }
    } catch (error) {
      return await this.interrupted(error, incoming, journal);
    }
  }

  /** Where the run goes from here, after everything that can be executed here has been. */
  private async decide(run: Run, journal: HopJournal, claim: Granted): Promise<Transition> {
    run.now = claim.at;
    const ending = claim.kind === 'ended-here' ? claim.summary : reasonToEnd(run, this.clock.now());
    if (ending === undefined) return this.drive(resume(run), journal);
    // Nothing more is executed; what is recorded counts. A run that this message ended comes to the same end again.
    const transition = await this.drive(resume(run), journal, 'replay');
    if (ending.failure === undefined || transition.kind === 'fail' || transition.kind === 'complete') return transition;
    return stop(transition.run, ending.failure);
  }

  /** Decides (pure) and executes in turn, until the run must leave, wait, or end. */
  private async drive(
    from: Transition,
    journal: HopJournal,
    how: 'execute' | 'replay' = 'execute',
  ): Promise<Transition> {
    let transition = from;
    let tasks = 0;
    for (;;) {
      const { run } = transition;
      if (transition.kind === 'pause') {
        await setImmediate();
        const ending = how === 'execute' ? reasonToEnd(run, this.clock.now()) : undefined;
        transition = ending === undefined ? resume(run) : stop(run, ending.failure);
      } else if (transition.kind === 'fork') {
        transition = await this.fork(run, journal, how);
      } else if (transition.kind === 'execute' && transition.service === this.settings.service) {
        const known = journal.replay(run, transition.path);
        if (known === undefined && how === 'replay') return transition;
        if ((tasks += 1) % BURST === 0) await setImmediate();
        const ending = known === undefined ? reasonToEnd(run, this.clock.now()) : undefined;
        if (ending !== undefined) return stop(run, ending.failure);
        transition = advance(run, known ?? (await this.tasks.run(transition, journal)));
      } else {
        return transition;
      }
    }
  }

  /** A fork: its parts beside each other in this process where that is safe, else one after another in this message. */
  private async fork(run: Run, journal: HopJournal, how: 'execute' | 'replay'): Promise<Transition> {
    const { seq } = journal.holder;
    const way = this.forks.wayOf(run);
    if (way.kind === 'elsewhere') return { kind: 'forward', run, service: way.service };
    if (way.kind === 'in-process') {
      const ends = await allSettled(split(run, seq).map((part) => this.drive(resume(part), journal, how)));
      const arrivals = ends.filter((end) => end.kind === 'arrive');
      const [first] = arrivals;
      if (first !== undefined && arrivals.length === ends.length) {
        const joined = join(first.run, Object.fromEntries(arrivals.map(({ part, result }) => [part, result])));
        joined.now = Math.max(...arrivals.map((arrival) => arrival.run.now));
        return resume(joined);
      }
    }
    walk(run, seq); // what the parts have come to is in the journal: it is not executed again in this hop
    return resume(run);
  }

  /** The move could not be made: another one, or the message is put back. */
  private async around(
    { obstacle, error }: Obstacle,
    incoming: IncomingMessage,
    run: Run,
    journal: HopJournal,
    claim: Granted,
  ): Promise<Transition | HopResult> {
    const failure = run.plan.environment.classify(error, obstacle === 'unroutable' ? 'infrastructure' : 'engine');
    if (obstacle === 'unroutable') {
      const since = run.message.unroutableSince ?? this.clock.now();
      if (this.clock.now() - since >= this.settings.unroutableFor) return stop(run, failure);
      const result = await this.putBack(incoming, 'unroutable', { unroutableSince: since });
      await journal.release();
      return result;
    }
    // The newest step whose output made it too large fails instead, and the run stands where it stood before that step.
    const again = this.read(incoming);
    if ('refusal' in again) throw again.refusal;
    return journal.refuseLast(failure) ? this.decide(again, journal, claim) : stop(again, failure);
  }

  private read({ body }: IncomingMessage): Run | Refusal {
    let message: WorkflowMessage | undefined;
    try {
      message = this.codec.decode(body);
      const plan = this.planner.plan(message.cookbook, modeOf(message));
      return restore(message, plan, this.settings.service, this.clock.now());
    } catch (error) {
      if (error instanceof OrchestratorError) return { refusal: error, message };
      throw error;
    }
  }

  /** Where it can be told which run it is, and the message has its place in it, the run ends with it. */
  private async refuse(incoming: IncomingMessage, { refusal, message }: Refusal): Promise<HopResult> {
    if (message === undefined) return this.router.refuse(incoming, refusal);
    const claim = await this.claim(message);
    if (claim.kind === 'unavailable') return this.putBack(incoming, claim.kind);
    if (claim.kind === 'busy') return this.putBack(incoming, 'busy', {}, claim.until - this.clock.now());
    if (claim.kind === 'stale' || claim.kind === 'ended') return this.router.refuse(incoming, refusal, message);
    const journal = this.journalOf(message, claim, incoming);
    const failure = { ...classifyError(refusal, 'engine'), path: message.currentStep, step: message.currentStep };
    try {
      if (claim.kind === 'granted') await journal.end({ status: 'failed', failure });
      return await this.router.refuse(incoming, refusal, message);
    } catch (error) {
      return await this.interrupted(error, incoming, journal);
    } finally {
      await journal.release();
    }
  }

  private async claim(message: WorkflowMessage): Promise<Claim | { readonly kind: 'unavailable' }> {
    const { workflowId, epoch, line, seq, hopId } = message;
    try {
      return await this.state.claim({ workflowId, epoch, line, seq, hopId }, this.settings.lease, this.clock.now());
    } catch (error) {
      this.logger.warn(`Run ${workflowId}: the state store did not answer the claim (${describeError(error)}).`);
      return { kind: 'unavailable' };
    }
  }

  private journalOf({ carry = {} }: WorkflowMessage, claim: Granted, { body }: IncomingMessage): HopJournal {
    const carried = claim.kind === 'ended-here' ? {} : (carry as Journal); // of an ended run only the record counts
    const bytes = Buffer.byteLength(body);
    return new HopJournal(this.state, claim.holder, claim.journal, carried, this.settings.lease, this.clock, bytes);
  }

  /** The same message again, later: read anew from what was delivered, so that it is the same by construction. */
  private async putBack(
    { body }: IncomingMessage,
    reason: SkipReason,
    changes: Pick<WorkflowMessage, 'carry' | 'unroutableSince'> = {},
    delay?: number,
  ): Promise<HopResult> {
    await this.router.putBack({ ...this.codec.decode(body), ...changes }, delay);
    return { skipped: true, reason };
  }

  /** The hop cannot go on. About the plumbing, not the run: no attempt is consumed, nothing that was executed is forgotten. */
  private async interrupted(error: unknown, incoming: IncomingMessage, journal: HopJournal): Promise<HopResult> {
    const { workflowId } = journal.holder;
    if (!(error instanceof Interrupted)) {
      this.logger.error(`Run ${workflowId}: ${describeError(error)}`, stackOf(error));
      await journal.release();
      throw error; // a fault of this library: the message is not acknowledged
    }
    const { kind, cause } = error;
    if (kind === 'fenced') return { skipped: true, reason: kind }; // another delivery goes on with the run
    this.logger.warn(`Run ${workflowId}: put back, ${kind} (${describeError(cause)}).`);
    const carry = journal.unrecorded;
    try {
      return await this.putBack(incoming, kind, Object.keys(carry).length === 0 ? {} : { carry });
    } finally {
      await journal.release();
    }
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
