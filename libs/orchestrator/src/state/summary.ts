import type { RunSummary } from './state.store.js';

/** Bytes of JSON up to which a summary is kept whole. */
export const KEPT_SUMMARY_BYTES = 64 * 1024;

/** A summary as JSON. */
export interface SummaryTexts {
  /** For those who wait for it. */
  readonly whole: string;
  /** As a store keeps it: without output and steps, and marked, where they are large. */
  readonly kept: string;
  /** What remains of it once outputs are forgotten: it is marked where it had any. */
  readonly core: string;
}

/** A summary in each of its sizes. */
export function summaryTexts(summary: RunSummary): SummaryTexts {
  const { status, failure, output, steps } = summary;
  const whole = JSON.stringify(summary);
  const truncated = JSON.stringify({ status, failure, truncated: true } satisfies RunSummary);
  const isLarge = Buffer.byteLength(whole) > KEPT_SUMMARY_BYTES;
  const hasOutputs = output !== undefined || steps !== undefined;
  return { whole, kept: isLarge ? truncated : whole, core: isLarge || hasOutputs ? truncated : whole };
}
