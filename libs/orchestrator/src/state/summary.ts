import type { RunSummary } from './state.store.js';

/** Bytes of JSON up to which a summary is kept whole. */
export const KEPT_SUMMARY_BYTES = 64 * 1024;

/** A summary as a store keeps it: without output and steps, and marked, where these are large. */
export function keptSummary(summary: RunSummary): RunSummary {
  const { output, steps, ...rest } = summary;
  const bytes = Buffer.byteLength(JSON.stringify({ output, steps }));
  return bytes <= KEPT_SUMMARY_BYTES ? summary : { ...rest, truncated: true };
}
