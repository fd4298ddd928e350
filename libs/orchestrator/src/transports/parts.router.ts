import { resume, stop } from '../engine/advance.js';
import type { PartResult } from '../engine/frame.js';
import { emptied, join, secretsOf } from '../engine/parts.js';
import type { Run } from '../engine/run.js';
import type { Transition } from '../engine/transition.js';
import { UnroutableError } from '../errors/unroutable.error.js';
import type { Leave, Move } from '../execution/driver.js';
import type { HopJournal } from '../execution/hop-journal.js';
import { isTooLarge } from '../message/bounds.js';
import type { MessageCodec } from '../message/message.codec.js';
import type { JsonObject, WorkflowMessage } from '../message/workflow-message.js';
import { workflowOf } from './destinations.js';
import type { ForkKeeper } from './fork.keeper.js';
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

/** A fork's parts on their way out, and back together. */
export class PartsRouter {
  constructor(
    private readonly service: string,
    private readonly publisher: Publisher,
    private readonly codec: MessageCodec,
    private readonly keeper: ForkKeeper | undefined,
  ) {}

  /**
   * The parts leave, each on its own line; those that have ended here arrive first. It may be done again and again: of each
   * part the claim lets one message through, and its first arrival counts.
   * @param delayOf milliseconds
   * @throws MessageTooLargeError, LimitExceededError before anything has happened
   */
  async leave(
    { run, join: path, parts }: Leave,
    journal: HopJournal,
    delayOf: (move: Move) => number,
  ): Promise<UnroutablePart | undefined> {
    const kept = parts.map(({ name, move }) => ({ name, message: this.first(move, journal, delayOf(move)) }));
    await journal.flush({ kind: 'fork', join: path, of: kept.map(({ name }) => name) });
    for (const { move } of parts) {
      // Parts that left in an earlier delivery may have arrived meanwhile: then this one is the last.
      if (move.kind === 'arrive' && (await this.arrive(move, journal))) return undefined;
    }
    for (const [index, { name, message }] of kept.entries()) {
      if (parts[index]?.move.kind === 'arrive') continue;
      try {
        await this.publisher.publish(message);
      } catch (error) {
        if (error instanceof UnroutableError) return { name, error };
        throw error;
      }
    }
    await this.keeper?.send(run, journal.holder, path, kept);
    return undefined;
  }

  /** A part has ended. The last one to arrive sends the run on. @returns whether this was the last */
  async arrive({ run, join: path, part, of, result }: Arrive, journal: HopJournal): Promise<boolean> {
    const results = await journal.arrive({ join: path, part, of, result });
    if (results === undefined) return false;
    await this.goOn(run, results as Readonly<Record<string, PartResult>>);
    return true;
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
    const seq = (part.frames.at(-1)?.part?.seq ?? 0) + 1;
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
