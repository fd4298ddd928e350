import type { RunSummary } from './state.store.js';

/** Those of this process who wait for the end of a run. */
export class EndWaiters {
  private readonly waiting = new Map<string, Set<(summary: RunSummary) => void>>();

  /**
   * Resolves when the run's end is told; rejects with the signal's reason when that aborts first.
   * @param told that end, where it is known already
   */
  wait(workflowId: string, signal: AbortSignal, told: RunSummary | undefined): Promise<RunSummary> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      if (told !== undefined) {
        resolve(told);
        return;
      }
      const waiting = this.waiting.get(workflowId) ?? new Set();
      this.waiting.set(workflowId, waiting);
      const giveUp = (): void => {
        waiting.delete(tell);
        if (waiting.size === 0) this.waiting.delete(workflowId);
        reject(signal.reason as Error);
      };
      const tell = (summary: RunSummary): void => {
        signal.removeEventListener('abort', giveUp);
        resolve(summary);
      };
      waiting.add(tell);
      signal.addEventListener('abort', giveUp, { once: true });
    });
  }

  /** Whether anybody waits for it. */
  has(workflowId: string): boolean {
    return this.waiting.has(workflowId);
  }

  /** @param summary called for each who waits: they may change what they are given */
  tell(workflowId: string, summary: () => RunSummary): void {
    const waiting = this.waiting.get(workflowId) ?? [];
    this.waiting.delete(workflowId);
    for (const tell of waiting) tell(summary());
  }
}
