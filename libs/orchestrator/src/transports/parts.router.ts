import { Logger } from '@nestjs/common';
import { resume, stop } from '../engine/advance.js';
import type { PartResult } from '../engine/frame.js';
import { emptied, forkOf, join, lineOf, secretsOf } from '../engine/parts.js';
import type { Run } from '../engine/run.js';
import type { Transition } from '../engine/transition.js';
import { UnroutableError } from '../errors/unroutable.error.js';
import type { Leave, Move } from '../execution/driver.js';
import type { HopJournal } from '../execution/hop-journal.js';
import { isTooLarge } from '../message/bounds.js';
import type { MessageCodec } from '../message/message.codec.js';
import type { JsonObject, WorkflowMessage } from '../message/workflow-message.js';
import { changed } from '../utils/changed.js';
import type { Clock } from '../utils/clock.js';
import { workflowOf } from './destinations.js';
import { messageOf } from './next-message.js';
import type { Publisher } from './publisher.js';
import type { OutgoingMessage } from './workflow.transport.js';

type Arrive = Transition & { readonly kind: 'arrive' };

/** A part that could not leave, because nobody takes its messages. Others may have left. */
export interface UnroutablePart {
  readonly name: string;
  readonly error: UnroutableError;
}

type Encode = (message: WorkflowMessage) => string;

interface Continuation {
  readonly message: Omit<OutgoingMessage, 'destination'>;
  readonly joined: Run;
}

/** Milliseconds after which a part that waits arrives again: at first, and at most; else as long as it has waited. */
const FIRST_WAIT = 60_000;
const LONGEST_WAIT = 15 * 60_000;
/** Milliseconds for which a part waits on although its run must have ended. */
const WAITS_BEYOND = 60 * 60_000;

/**
 * A fork's parts on their way out, and back together. Where messages outlive the record none of them is ever in the record alone:
 * a part that has ended and is not the last waits as a message that arrives again now and then, until its fork is over. So
 * no fork hangs, whatever the record loses.
 */
export class PartsRouter {
  private readonly logger = new Logger(PartsRouter.name);

  constructor(
    private readonly service: string,
    private readonly publisher: Publisher,
    private readonly codec: MessageCodec,
    private readonly clock: Clock,
    /** Messages outlive the record. */
    private readonly durable: boolean,
  ) {}

  /**
   * The parts leave, each on its own line; those that have ended here arrive first. It may be done again and again: of each
   * part the claim lets one message through, and its first arrival counts.
   * @param delayOf milliseconds
   * @throws MessageTooLargeError, LimitExceededError before anything has happened
   */
  async leave(
    { parts }: Leave,
    journal: HopJournal,
    delayOf: (move: Move) => number,
  ): Promise<UnroutablePart | undefined> {
    const ended = parts.flatMap(({ move }) => (move.kind === 'arrive' ? [move] : []));
    const leaving = parts
      .filter(({ move }) => move.kind !== 'arrive')
      .map(({ name, move }) => ({ name, message: this.first(move, journal, delayOf(move)) }));
    await journal.flush({ kind: 'fork', lines: parts.map(({ move }) => lineOf(move.run)) });
    for (const move of ended) {
      // Parts that left in an earlier delivery may have arrived meanwhile: then this one is the last.
      if ((await this.meet(move, journal)) === 'over') return undefined;
    }
    for (const { name, message } of leaving) {
      try {
        await this.publisher.publish(message);
      } catch (error) {
        if (error instanceof UnroutableError) return { name, error };
        throw error;
      }
    }
    for (const move of ended) await this.wait(move, 0);
    return undefined;
  }

  /** A part has ended. The last one to arrive sends the run on, any other waits. */
  async arrive(move: Arrive, journal: HopJournal): Promise<void> {
    if ((await this.meet(move, journal)) === 'waiting') await this.wait(move, journal.holder.seq + 1);
  }

  private async meet({ run, part, of, result }: Arrive, journal: HopJournal): Promise<'waiting' | 'over'> {
    const fork = { line: lineOf(run, run.frames.length - 1), seq: leftAt(run) };
    const answer = await journal.arrive({ join: forkOf(lineOf(run)), part, of, result, fork });
    if (answer.kind === 'waiting') return 'waiting';
    if (answer.kind === 'all') await this.goOn(run, answer.results as Readonly<Record<string, PartResult>>);
    return 'over';
  }

  /** The part as it has ended, to arrive again: nothing of it is executed then. */
  private async wait({ run, join: path, part }: Arrive, seq: number): Promise<void> {
    if (!this.durable) return;
    const now = this.clock.now();
    const { workflowId, hops, waitingSince: said = now } = run.message;
    const waitingSince = Math.min(said, now);
    const { expiresAt = waitingSince + this.codec.limits.lifetime } = run.message;
    if (now > expiresAt + WAITS_BEYOND) {
      this.logger.warn(`Run ${workflowId}: ${path}/${part} waits no more, as its run must long have ended. The run record has lost that, or the other parts; if nothing tells of an end, start it again.`); // prettier-ignore
      return;
    }
    const message = changed(messageOf(run, { seq, hops }), { waitingSince });
    const delay = Math.min(Math.max(now - waitingSince, FIRST_WAIT), LONGEST_WAIT);
    try {
      const body = this.codec.encodeMoved(message); // it may have been full before
      await this.publisher.publish({ destination: workflowOf(this.service), body, messageId: message.hopId, delay });
    } catch (error) {
      if (!isTooLarge(error)) throw error;
      this.logger.warn(`Run ${workflowId}: ${path}/${part} has arrived, and does not fit into a message in which to wait. Should the run record lose that, the run hangs: start it again then.`); // prettier-ignore
    }
  }

  private first(move: Move, journal: HopJournal, delay: number): OutgoingMessage {
    const { run } = move;
    // What was executed of a fork within this part is in the journal of a line that is not the part's: it goes along.
    const carry = move.kind === 'leave' ? (journal.within(move.join) as JsonObject) : {};
    const message = messageOf(run, { seq: 0, hops: run.message.hops + 1, carry });
    const service = move.kind === 'execute' || move.kind === 'forward' ? move.service : this.service;
    return { destination: workflowOf(service), body: this.codec.encode(message), messageId: message.hopId, delay };
  }

  /** The parent's line goes on, whoever sends it there: its claim lets one message through. */
  private async goOn(part: Run, results: Readonly<Record<string, PartResult>>): Promise<void> {
    const { message, joined } = this.continuation(part, results);
    const next = resume(joined); // where to; the message says only that the parts have met
    const service = next.kind === 'execute' || next.kind === 'forward' ? next.service : this.service;
    try {
      await this.publisher.publish({ ...message, destination: workflowOf(service) });
    } catch (error) {
      if (!(error instanceof UnroutableError)) throw error;
      await this.publisher.publish({ ...message, destination: workflowOf(this.service) }); // it deals with that
    }
  }

  private continuation(part: Run, results: Readonly<Record<string, PartResult>>): Continuation {
    const seq = leftAt(part) + 1;
    try {
      return this.encoded(join(part, results), seq);
    } catch (error) {
      if (!isTooLarge(error)) throw error;
      // What the parts came to does not fit into one message: then the fork has failed, with nothing of it.
      const failed = stop(part, part.plan.environment.classify(error, 'engine'));
      if (failed.kind !== 'arrive') throw error;
      const secrets = secretsOf(Object.values(results));
      const result = { frame: emptied(failed.run, failed.result.frame), history: [], secrets };
      const joined = join(failed.run, Object.fromEntries(failed.of.map((name) => [name, result])));
      return this.encoded(joined, seq, (message) => this.codec.encodeMoved(message)); // it may have been full before
    }
  }

  private encoded(joined: Run, seq: number, encode: Encode = (message) => this.codec.encode(message)): Continuation {
    const message = messageOf(joined, { seq, hops: 0 });
    return { message: { body: encode(message), messageId: message.hopId }, joined };
  }
}

/** `seq` of the message that left the fork of a part. */
const leftAt = ({ frames }: Run): number => frames.at(-1)?.part?.seq ?? 0;
