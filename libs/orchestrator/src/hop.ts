import { Logger } from '@nestjs/common';
import { abandon, stop } from './engine/advance.js';
import { lineOf } from './engine/parts.js';
import type { Run } from './engine/run.js';
import type { OrchestratorError } from './errors/orchestrator.error.js';
import { PoisonMessageError } from './errors/poison-message.error.js';
import { ProtocolTooNewError } from './errors/protocol-too-new.error.js';
import type { Driver, Leave, Move } from './execution/driver.js';
import { reasonToEnd, whyCancelled } from './execution/ending.js';
import { HopJournal } from './execution/hop-journal.js';
import { Interrupted } from './execution/interrupted.js';
import type { LeaseSettings } from './execution/lease.js';
import type { StepCoherence } from './execution/step-coherence.js';
import type { MessageReader, Refusal } from './execution/message.reader.js';
import type { WorkflowMessage } from './message/workflow-message.js';
import type { Claim, Grant, Journal, RunSummary, StateStore } from './state/state.store.js';
import type { Publisher } from './transports/publisher.js';
import type { HopResult, Obstacle, Router, SkipReason } from './transports/router.js';
import type { IncomingMessage } from './transports/workflow.transport.js';
import type { Clock } from './utils/clock.js';
import { describeError, stackOf } from './utils/describe-error.js';
import { SeldomLogger } from './utils/seldom-logger.js';

export interface HopSettings extends LeaseSettings {
  readonly service: string;
  /** Milliseconds for which an unreachable destination, or a message of a newer version, is tried again. */
  readonly unroutableFor: number;
}

type Granted = Claim & Grant;

/** Milliseconds after which a message is tried again that was busy: its holder may have settled long before its lease ends. */
const LONGEST_BUSY = 1_000;

/** One hop: what a service does with one workflow message, start to end. Read this file first. */
export class Hop {
  private readonly logger = new Logger(Hop.name);
  private readonly seldom: SeldomLogger;

  constructor(
    private readonly settings: HopSettings,
    private readonly reader: MessageReader,
    private readonly state: StateStore,
    private readonly driver: Driver,
    private readonly coherence: StepCoherence,
    private readonly router: Router,
    private readonly publisher: Publisher,
    private readonly clock: Clock,
  ) {
    this.seldom = new SeldomLogger(this.logger, clock);
  }

  /**
   * Resolves: the message is done with, and is to be acknowledged. The order within is `docs/lifecycle.md`; after a crash
   * between any two lines the message comes again, and the run record says what is done.
   */
  async handle(incoming: IncomingMessage): Promise<HopResult> {
    const run = this.reader.read(incoming.body); //                   in: a Run, or why it is none
    if ('refusal' in run) return this.refuse(incoming, run);

    if (!(await this.coherence.pay(run.message.purgeDebt))) return this.putBack(incoming, 'unpurged');
    const claim = await this.claim(run.message); //                   may this message execute?
    if (!('holder' in claim)) return this.defer(incoming, claim);
    return this.work(run, incoming, claim, (journal, grant, from) => this.decide(from, journal, grant));
  }

  /**
   * A message that was delivered again and again, and never acknowledged. Nothing of it is executed any more: a part arrives
   * as failed, a run ends, each where its record says that it stood. Rejects while that cannot be done.
   */
  async bury(incoming: IncomingMessage): Promise<HopResult> {
    const { settings } = this;
    const error = new PoisonMessageError(`Service "${settings.service}" gave up message "${incoming.messageId}": none of its deliveries was acknowledged. The log says why.`); // prettier-ignore
    const run = this.readAnything(incoming);
    if (run === undefined || 'refusal' in run) {
      return this.refuse(incoming, { refusal: error, message: run?.message });
    }
    if (!(await this.coherence.pay(run.message.purgeDebt))) throw error;
    const claim = await this.claim(run.message);
    if (claim.kind === 'stale' || claim.kind === 'ended') return { skipped: true, reason: claim.kind };
    if (!('holder' in claim)) throw error; // busy, or the store is away: it comes again
    const failure = run.plan.environment.classify(error, 'infrastructure');
    try {
      return await this.work(run, incoming, claim, async (journal, grant, from) => {
        if (grant.kind === 'ended-here') return this.decide(from, journal, grant); // it has ended otherwise: that is told again
        from.now = grant.at;
        // Where to replay is what breaks, the next delivery ends it as it came.
        if (incoming.deliveries === 1) return stop((await this.driver.drive(from, journal, 'replay')).run, failure);
        this.coherence.unknown(from.message, journal);
        return stop(from, failure);
      });
    } catch (fault) {
      if (fault instanceof Interrupted || incoming.deliveries === 1) throw fault;
      return this.refuse(incoming, { refusal: error, message: run.message }); // not even that: then as it came
    }
  }

  /** Decides and executes, and makes the move that comes of it, until the message is done with. */
  private async work(run: Run, incoming: IncomingMessage, claim: Granted, decide: Decide): Promise<HopResult> {
    const journal = this.journalOf(run.message, claim, incoming);
    journal.lease.begin();
    try {
      return await this.go(run, incoming, journal, claim, decide);
    } catch (error) {
      return await this.interrupted(error, incoming, journal);
    } finally {
      journal.lease.end();
    }
  }

  private async go(
    run: Run,
    incoming: IncomingMessage,
    journal: HopJournal,
    claim: Granted,
    decide: Decide,
  ): Promise<HopResult> {
    const ended = claim.kind === 'ended-here' && claim.summary.status === 'cancelled';
    if (ended || claim.kind === 'cancelled') journal.endAsCancelled();
    try {
      let move = await decide(journal, claim, run); //                decide (pure) and execute, in turn
      for (;;) {
        await this.coherence.settle(journal); //                        nothing leaves while something old may be cached
        const sent = await this.router.dispatch(move, journal); //    out: confirmed before the hop is acknowledged
        if (!('obstacle' in sent)) return sent;
        const next = await this.around(sent, incoming, move, journal, (from) => decide(journal, claim, from));
        if (!('kind' in next)) return next;
        move = next;
      }
    } catch (error) {
      if (!isCancellation(error) || claim.kind === 'cancelled') throw error;
      return this.go(this.reader.again(incoming.body), incoming, journal, { ...claim, kind: 'cancelled' }, decide);
    }
  }

  /** Where the run goes from here, after everything that can be executed here has been. */
  private async decide(run: Run, journal: HopJournal, claim: Granted): Promise<Move> {
    run.now = claim.at;
    const ended = claim.kind === 'ended-here' ? claim.summary : undefined;
    // It may only send its parts again, or arrive as it has ended. Of what the record has lost it executes nothing: its next hop does.
    const mayOnlySend = claim.left || run.message.waitingSince !== undefined;
    if (mayOnlySend && ended === undefined) return this.driver.drive(run, journal, 'replay');
    const cancelled = claim.kind === 'cancelled' || ended?.status === 'cancelled';
    const ending: Partial<RunSummary> | undefined =
      ended ?? (cancelled ? whyCancelled(run) : reasonToEnd(run, this.clock.now()));
    if (ending === undefined) return this.driver.drive(run, journal);
    // Nothing more is executed; what is recorded counts. A run that this message ended comes to the same end again.
    const move = await this.driver.drive(run, journal, 'replay');
    if (ending.failure === undefined) return move.kind === 'complete' ? move : completed(move.run, ending);
    if (ended !== undefined && lineOf(run) !== '') return abandon(move.run, ending.failure); // a part cannot fail its run otherwise
    const atItsEnd = move.kind === 'fail' || move.kind === 'complete';
    return atItsEnd && !cancelled ? move : stop(move.run, ending.failure);
  }

  /** The move could not be made: another one, or the message is put back. */
  private async around(
    { obstacle, error, part }: Obstacle,
    incoming: IncomingMessage,
    move: Move,
    journal: HopJournal,
    decide: (run: Run) => Promise<Move>,
  ): Promise<Move | HopResult> {
    const { run } = move;
    const failure = run.plan.environment.classify(error, obstacle === 'unroutable' ? 'infrastructure' : 'engine');
    if (obstacle === 'unroutable') {
      const since = run.message.unroutableSince ?? this.clock.now();
      if (this.clock.now() - since >= this.settings.unroutableFor) {
        return move.kind === 'leave' && part !== undefined
          ? withoutPart(move, part, (from) => stop(from, failure))
          : stop(run, failure);
      }
      this.seldom.warn(
        obstacle,
        `Run ${run.message.workflowId} waits, for ${this.settings.unroutableFor} ms at most: ${error.message}`,
      );
      const result = await this.putBack(incoming, 'unroutable', { ...carried(journal), unroutableSince: since });
      await journal.lease.release();
      return result;
    }
    const again = this.reader.again(incoming.body);
    if (move.kind === 'arrive') return abandon(again, failure); // even with nothing of what its parts came to
    // The newest step whose output made it too large fails instead, and the run stands where it stood before that step.
    return journal.refuseLast(failure) ? decide(again) : stop(again, failure);
  }

  /** Of a message that may be what breaks this library: `undefined` where it cannot even be read. */
  private readAnything(incoming: IncomingMessage): Run | Refusal | undefined {
    try {
      return this.reader.read(incoming.body);
    } catch (error) {
      this.logger.error(`Message "${incoming.messageId}": ${describeError(error)}`, stackOf(error));
      const message = this.reader.decoded(incoming.body);
      return message && { refusal: new PoisonMessageError(describeError(error)), message };
    }
  }

  /** Where it can be told which run it is, and the message has its place in it, the run ends with it. */
  private async refuse(incoming: IncomingMessage, { refusal, message }: Refusal): Promise<HopResult> {
    const tooNew = refusal instanceof ProtocolTooNewError;
    if (tooNew && (await this.publisher.postpone(incoming, this.settings.unroutableFor))) {
      return { skipped: true, reason: 'too-new' };
    }
    if (message === undefined) return this.refused(incoming, refusal, message);
    if (!(await this.coherence.pay(message.purgeDebt))) return this.putBack(incoming, 'unpurged');
    if (!(await this.isExpected(message))) return this.refused(incoming, refusal, message);
    const claim = await this.claim(message);
    if (claim.kind === 'unavailable' || claim.kind === 'busy') return this.defer(incoming, claim);
    if (!('holder' in claim)) return this.refused(incoming, refusal, message);
    const journal = this.journalOf(message, claim, incoming);
    if (claim.kind === 'cancelled') journal.endAsCancelled();
    const summary = claim.kind === 'ended-here' ? claim.summary : undefined;
    const end = (): Promise<HopResult> => this.router.endRefused(incoming, refusal, message, journal, summary);
    try {
      if (summary === undefined) this.coherence.unknown(message, journal); // an earlier delivery of it could be read, perhaps
      await this.coherence.settle(journal);
      return await end().catch((error: unknown) => {
        if (!isCancellation(error)) throw error;
        journal.endAsCancelled();
        return end();
      });
    } catch (error) {
      return await this.interrupted(error, incoming, journal);
    } finally {
      await journal.lease.release();
    }
  }

  /** Whether its run knows the line of a message that cannot be trusted: who makes one up must not end the run. */
  private async isExpected(message: WorkflowMessage): Promise<boolean> {
    if (message.line === '') return true;
    const { workflowId, epoch, line } = message;
    return this.state.expects({ workflowId, epoch, line }).catch(() => true); // the claim will say that it is away
  }

  private async refused(
    incoming: IncomingMessage,
    refusal: OrchestratorError,
    message?: WorkflowMessage,
  ): Promise<HopResult> {
    const error_ref = await this.publisher.refuse(incoming, refusal, message);
    const known = message && { workflow_id: message.workflowId, current_step: message.currentStep };
    return { dlq: true, ...known, attempts: 0, error_ref };
  }

  private async claim(message: WorkflowMessage): Promise<Claim | { readonly kind: 'unavailable' }> {
    const { workflowId, epoch, line, seq, hopId, expiresAt } = message;
    const terms = { leaseMs: this.settings.lease, now: this.clock.now(), expiresAt };
    try {
      return await this.state.claim({ workflowId, epoch, line, seq, hopId }, terms);
    } catch (error) {
      this.unanswered(message, error);
      return { kind: 'unavailable' };
    }
  }

  private unanswered({ workflowId }: WorkflowMessage, error: unknown): void {
    this.seldom.warn(
      'unanswered',
      `Run ${workflowId} waits: the state store did not answer (${describeError(error)}).`,
    );
  }

  /** The message may not execute now, or never more. */
  private defer(incoming: IncomingMessage, claim: Refused): Promise<HopResult> | HopResult {
    if (claim.kind === 'busy') {
      if (incoming.deliveries > 1) this.seldom.warn('busy', `Message "${incoming.messageId}" comes again, and whoever had it before has not let it go: unless he is heard of, it is executed when his lease ends, in ${claim.forMs} ms (twice the option timeout, from his last word on).`); // prettier-ignore
      return this.putBack(incoming, 'busy', {}, Math.min(claim.forMs, LONGEST_BUSY));
    }
    if (claim.kind === 'unavailable') return this.putBack(incoming, claim.kind);
    return { skipped: true, reason: claim.kind };
  }

  private journalOf({ carry = {} }: WorkflowMessage, claim: Granted, { body }: IncomingMessage): HopJournal {
    const carried = claim.kind === 'ended-here' ? {} : (carry as Journal); // of an ended run only the record counts
    return new HopJournal(this.state, claim, carried, this.settings, this.clock, Buffer.byteLength(body));
  }

  /** The same message again, later. */
  private async putBack(
    incoming: IncomingMessage,
    reason: SkipReason,
    changes: Pick<WorkflowMessage, 'carry' | 'purgeDebt' | 'unroutableSince'> = {},
    delay?: number,
  ): Promise<HopResult> {
    await this.publisher.putBack(incoming, changes, delay);
    return { skipped: true, reason };
  }

  /** The hop cannot go on. About the plumbing, not the run: no attempt is consumed, nothing that was executed is forgotten. */
  private async interrupted(error: unknown, incoming: IncomingMessage, journal: HopJournal): Promise<HopResult> {
    const { workflowId } = journal.holder;
    const { owed } = journal;
    if (!(error instanceof Interrupted) || error.kind === 'cancelled') {
      this.logger.error(`Run ${workflowId}: ${describeError(error)}`, stackOf(error));
      await journal.lease.release();
      throw error; // a fault of this library: the message is not acknowledged
    }
    const { kind, cause } = error;
    // Another delivery goes on with the run; but what this one has changed only this one knows, and that it is not purged.
    if (kind === 'fenced') return owed.length > 0 ? this.putBack(incoming, kind, { purgeDebt: owed }) : { skipped: true, reason: kind }; // prettier-ignore
    this.logger.warn(`Run ${workflowId}: put back, ${kind} (${describeError(cause)}).`);
    try {
      return await this.putBack(incoming, kind, { ...carried(journal), ...(owed.length > 0 && { purgeDebt: owed }) });
    } finally {
      await journal.lease.release();
    }
  }
}

type Decide = (journal: HopJournal, claim: Granted, run: Run) => Promise<Move>;
type Refused = Exclude<Claim, Grant> | { readonly kind: 'unavailable' };

const isCancellation = (error: unknown): boolean => error instanceof Interrupted && error.kind === 'cancelled';

/** The end of a run as its record says it, which has lost what led there. */
function completed(run: Run, { output, steps = {} }: Pick<RunSummary, 'output' | 'steps'>): Move {
  for (const [id, each] of Object.entries(steps)) run.outputs.set(id, each);
  return { kind: 'complete', run, output };
}

/** What was executed and is recorded nowhere goes along with a message that is put back. */
function carried({ unrecorded: carry }: HopJournal): Pick<WorkflowMessage, 'carry'> {
  return Object.keys(carry).length === 0 ? {} : { carry };
}

/** A fork one of whose parts cannot leave: it has come to that. */
function withoutPart(fork: Leave, name: string, fail: (run: Run) => Move): Leave {
  return {
    ...fork,
    parts: fork.parts.map((part) => (part.name === name ? { name, move: fail(part.move.run) } : part)),
  };
}
