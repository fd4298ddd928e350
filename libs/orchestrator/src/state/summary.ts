import type { RunSummary } from './state.store.js';

/** Bytes of JSON up to which a summary is kept whole. */
export const KEPT_SUMMARY_BYTES = 64 * 1024;

/**
 * A summary as JSON: whole, for those who wait for it, and as a store keeps it, which is without output and steps, and marked,
 * where they are large.
 */
export function summaryTexts(summary: RunSummary): { readonly whole: string; readonly kept: string } {
  const whole = JSON.stringify(summary);
  if (Buffer.byteLength(whole) <= KEPT_SUMMARY_BYTES) return { whole, kept: whole };
  const { status, failure } = summary;
  return { whole, kept: JSON.stringify({ status, failure, truncated: true } satisfies RunSummary) };
}
