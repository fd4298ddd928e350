/**
 * The moment from which nobody waits for a handler any more. Most handlers never ask for its signal, so that is made when one
 * does: an AbortController costs more than a short step.
 */
export class Deadline {
  /** Never resolves; rejects with the reason when the deadline passes. */
  readonly passed: Promise<never>;
  private controller: AbortController | undefined;
  private reason: Error | undefined;
  private reject: (reason: Error) => void = () => undefined;

  constructor() {
    this.passed = new Promise<never>((_, reject) => (this.reject = reject));
    this.passed.catch(() => undefined); // who lost the race is nobody's error
  }

  get signal(): AbortSignal {
    this.controller ??= new AbortController();
    if (this.reason !== undefined) this.controller.abort(this.reason);
    return this.controller.signal;
  }

  pass(reason: Error): void {
    this.reason = reason;
    this.controller?.abort(reason);
    this.reject(reason);
  }
}
