import type { RunSummary } from './state.store.js';

/** A summary in which the output stands once, where it is that of a step too. */
export interface WrittenSummary extends RunSummary {
  /** The step whose output it is. */
  readonly outputOf?: string;
}

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
  const whole = JSON.stringify(written(summary));
  const truncated = JSON.stringify({ status, failure, truncated: true } satisfies RunSummary);
  const isLarge = Buffer.byteLength(whole) > KEPT_SUMMARY_BYTES;
  const hasOutputs = output !== undefined || steps !== undefined;
  return { whole, kept: isLarge ? truncated : whole, core: isLarge || hasOutputs ? truncated : whole };
}

/** What a text of {@link summaryTexts} says: whoever is given it may change it. */
export const summaryOf = (text: string): RunSummary => readSummary(JSON.parse(text) as WrittenSummary);

/** See {@link WrittenSummary}. */
export function readSummary({ outputOf, ...summary }: WrittenSummary): RunSummary {
  return outputOf === undefined ? summary : { ...summary, output: structuredClone(summary.steps?.[outputOf]) };
}

function written(summary: RunSummary): WrittenSummary {
  const { output, ...rest } = summary;
  if (typeof output !== 'object' && typeof output !== 'string') return summary;
  const outputOf = Object.keys(rest.steps ?? {}).findLast((name) => rest.steps?.[name] === output);
  return outputOf === undefined ? summary : { ...rest, outputOf };
}
