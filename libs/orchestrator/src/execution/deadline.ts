/**
 * The moment from which nobody waits for a handler any more. Most handlers never ask for its signal, so that is made when one
 * does: an AbortController costs more than a short step.
 */
export class Deadline {
  private controller: AbortController | undefined;
  private reason: Error | undefined;
  private giveUp: (reason: Error) => void = () => undefined;

  get signal(): AbortSignal {
    this.controller ??= new AbortController();
    if (this.reason !== undefined) this.controller.abort(this.reason);
    return this.controller.signal;
  }

  /** What the work comes to, unless the deadline passes first: then its reason, and the work settles unheard. */
  waitFor<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.giveUp = reject;
      work.then(resolve, reject);
    });
  }

  /** Asks the work to stop, and goes on waiting for what it comes to. */
  abort(reason: Error): void {
    this.reason ??= reason;
    this.controller?.abort(reason);
  }

  pass(reason: Error): void {
    this.abort(reason);
    this.giveUp(reason);
  }
}
