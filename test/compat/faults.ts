import type { RecordedFault } from './recorded.js';

/** What is to fail, and how often still. */
export class Faults {
  private readonly armed: { readonly fault: RecordedFault; left: number }[] = [];

  arm(faults: readonly RecordedFault[] = []): void {
    this.armed.push(...faults.map((fault) => ({ fault, left: fault.times })));
  }

  /** Rejects where this is to fail now. @param match the destination of what is published */
  async pass(op: string, match?: string): Promise<void> {
    const due = this.armed.find(({ fault, left }) => left > 0 && fault.op === op && (fault.match ?? match) === match);
    if (due === undefined) return Promise.resolve();
    due.left -= 1;
    const { message, ...rest } = due.fault.error;
    throw Object.assign(new Error(message), rest);
  }
}
