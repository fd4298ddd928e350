import type { Service } from './runs.js';

/** How the processes of one scene are put together: given to each of them as JSON in the variable CHAOS. */
export interface Setting {
  readonly amqp: string;
  /** `undefined`: `state: false`. */
  readonly redis: string | undefined;
  readonly effects: string;
  readonly namespace: string;
  /** Which a process has. Default: all of them. */
  readonly services?: readonly Service[];
  /** Messages that a service of a process handles at once. Default: that of the library. */
  readonly prefetch?: number;
  /** Every message is published twice. */
  readonly doubled?: boolean;
  /** Handlers take their time, so that whatever strikes meets some of them: of a control. */
  readonly slow?: boolean;
  /** Parts that have ended do not wait for the others: what must lose forks where the record loses arrivals. */
  readonly unwaiting?: boolean;
  /** Messages are acknowledged before they are handled, as with `noAck`: what must lose runs. */
  readonly early?: boolean;
}

export const settingOf = (text = process.env['CHAOS']): Setting => JSON.parse(text ?? '{}') as Setting;
