import { setTimeout } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Counter } from '../data/counter.js';
import { Effects } from '../effects.js';

export interface Message {
  readonly channel: 'email' | 'text' | 'pager';
  readonly to: string;
  readonly subject?: string;
  readonly text: string;
}

/** What a sender gets to know. */
export interface Receipt {
  readonly message_id: string;
  readonly channel: Message['channel'];
  readonly to: string;
}

/** Keeps what would be sent: this application talks to nobody. */
@Injectable()
export class Outbox {
  readonly messages: Message[] = [];
  private readonly numbers = new Counter('messages');
  private readonly sent = new Effects<Receipt>('receipts-of-messages');

  /** Sends once per key. Takes as long as a mail server nearby. */
  async send(message: Message, key: string): Promise<Receipt> {
    await setTimeout(8);
    return this.sent.once(key, () => {
      this.messages.push(message);
      return { message_id: `M-${this.numbers.next()}`, channel: message.channel, to: message.to };
    });
  }
}
