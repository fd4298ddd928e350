import { appendFileSync, readFileSync } from 'node:fs';
import type { OperationContext } from '../../libs/orchestrator/src/operations/operation.js';

/** What a handler did, once it was done. */
export interface Effect {
  readonly run: string;
  readonly operation: string;
  /** The idempotency key: an effect with one that is there already is a repeated one. */
  readonly key: string;
  readonly pid: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Written at once, and whole: what a process did stays, however it ends. */
export function leaveEffect(file: string, operation: string, { workflowId, idempotencyKey }: OperationContext): void {
  const effect: Effect = { run: workflowId, operation, key: idempotencyKey, pid: process.pid, at: Date.now() };
  appendFileSync(file, `${JSON.stringify(effect)}\n`);
}

export const readEffects = (file: string): readonly Effect[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Effect);
