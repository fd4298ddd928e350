import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import type { Run } from '../engine/run.js';
import { InvalidMessageError } from '../errors/invalid-message.error.js';
import { UnroutableError } from '../errors/unroutable.error.js';
import { isTooLarge } from '../message/bounds.js';
import type { MessageCodec } from '../message/message.codec.js';
import { PROTOCOL, type JsonObject, type WorkflowMessage } from '../message/workflow-message.js';
import type { Holder, StateStore } from '../state/state.store.js';
import { changed } from '../utils/changed.js';
import { isRecord } from '../utils/is-record.js';
import { workflowOf } from './destinations.js';
import { asItStands } from './next-message.js';
import type { Publisher } from './publisher.js';
import type { OutgoingMessage } from './workflow.transport.js';

/** A part of a fork, and the message it left in. */
export interface KeptPart {
  readonly name: string;
  readonly message: OutgoingMessage;
}

/** Milliseconds between two looks at a fork: the first, doubled each time, and the longest. */
const FIRST_LOOK = 60_000;
const LONGEST_LOOK = 15 * 60_000;

/** `keeper` of a message. A part's cookbook is left out where it is the keeper's own. */
interface KeeperDocument {
  readonly join: string;
  readonly of: readonly string[];
  readonly wait: number;
  readonly parts: readonly { readonly name: string; readonly destination: string; readonly message: JsonObject }[];
}

/**
 * Keeps forks alive whose record may be lost: a message that waits in the transport, looks at the fork now and then, and sends
 * again, unchanged, the parts that left no trace. It claims nothing, so it can never stand in anybody's way.
 */
export class ForkKeeper {
  private readonly logger = new Logger(ForkKeeper.name);

  constructor(
    private readonly destination: string,
    private readonly publisher: Publisher,
    private readonly codec: MessageCodec,
    private readonly store: StateStore,
  ) {}

  /** @param run standing at the fork */
  async send(run: Run, { line, seq }: Holder, join: string, parts: readonly KeptPart[]): Promise<void> {
    const message = changed(asItStands(run), { protocol: PROTOCOL, line, seq, hopId: randomUUID() });
    const cookbook = JSON.stringify(message.cookbook);
    const document: KeeperDocument = {
      join,
      of: parts.map(({ name }) => name),
      wait: FIRST_LOOK,
      parts: parts.map(({ name, message: { destination, body } }) => {
        const { cookbook: own, ...rest } = JSON.parse(body) as JsonObject;
        return { name, destination, message: JSON.stringify(own) === cookbook ? rest : { ...rest, cookbook: own } };
      }),
    };
    try {
      await this.wait(message, document);
    } catch (error) {
      if (!isTooLarge(error)) throw error;
      this.logger.warn(`Run ${message.workflowId}: the fork ${join} has no keeper, because its parts are too large for one message. Should the run record be lost now, the run hangs: start it again.`); // prettier-ignore
    }
  }

  /**
   * Looks at a fork. Rejects when the store could not be reached.
   * @returns whether the fork is over, so that its keeper is done
   * @throws InvalidMessageError when the message is no keeper
   */
  async look(message: WorkflowMessage): Promise<boolean> {
    const document = documentOf(message);
    const { workflowId, epoch, line, seq = 0, cookbook } = message;
    const missing = await this.store.inspect({ workflowId, epoch, line, seq }, document.join, document.of);
    if (missing === 'over') return true;
    for (const { destination, message: part } of document.parts.filter(({ name }) => missing.includes(name))) {
      const body = JSON.stringify({ cookbook, ...part });
      await this.again({ destination, body, messageId: String(part['hop_id']) }, workflowId);
    }
    await this.wait(message, { ...document, wait: Math.min(Math.max(2 * document.wait, FIRST_LOOK), LONGEST_LOOK) });
    return false;
  }

  /** Nobody takes the part's messages now: the next look is the next try. */
  private async again(part: OutgoingMessage, workflowId: string): Promise<void> {
    try {
      await this.publisher.publish(part);
    } catch (error) {
      if (!(error instanceof UnroutableError)) throw error;
      this.logger.warn(`Run ${workflowId}: a part of its fork cannot be sent again yet (${error.message}).`);
    }
  }

  private wait(message: WorkflowMessage, document: KeeperDocument): Promise<void> {
    const body = this.codec.encodeMoved({ ...message, keeper: document as unknown as JsonObject });
    const { destination } = this;
    return this.publisher.publish({ destination, body, messageId: message.hopId, delay: document.wait });
  }
}

/** It comes from outside: what it sends are parts of its own fork, to services. */
function documentOf({ keeper, workflowId, epoch }: WorkflowMessage): KeeperDocument {
  const { join, of, wait, parts } = keeper ?? {};
  const isPart = (part: unknown): boolean => {
    if (!isRecord(part) || !isRecord(part['message'])) return false;
    const { name, destination, message } = part as { readonly message: JsonObject } & Record<string, unknown>;
    const own = message['workflow_id'] === workflowId && (message['epoch'] ?? 0) === epoch;
    const toService = typeof destination === 'string' && destination.endsWith(workflowOf(''));
    return own && toService && typeof name === 'string' && message['line'] === `${String(join)}/${name}`;
  };
  const whole = typeof join === 'string' && typeof wait === 'number' && Array.isArray(of) && Array.isArray(parts);
  if (!whole || !parts.every(isPart)) throw new InvalidMessageError('keeper', 'must be what a fork left behind.');
  return keeper as unknown as KeeperDocument;
}
