import { mark } from './bookkeeping.js';
import { groupOf, pathOf } from './position.js';
import type { Frame, Part, PartResult } from './frame.js';
import type { Run } from './run.js';
import { redact, union } from './secrets/redact.js';

/**
 * One run per part of the fork at the innermost frame: the same message with that part there instead. The frames around are
 * shared: a part never moves them.
 * @param seq `seq` of the message that forks
 */
export function split(run: Run, seq: number): Run[] {
  const around = run.frames.slice(0, -1);
  return partsOf(run, seq).map((frame) => ({
    ...run,
    frames: [...around, frame],
    executions: new Map(run.executions),
    history: [...run.history],
    attempt: 1,
  }));
}

/** Turns the fork at the innermost frame into a walk: its parts one after another, in this message. */
export function walk(run: Run, seq: number): void {
  const [first, ...ahead] = partsOf(run, seq);
  run.frames.pop();
  if (first?.part !== undefined) run.frames.push({ ...first, part: { ...first.part, ahead, done: [] } });
}

/**
 * The run after all parts have arrived: the parent's state and what the parts came to, whichever of them is asked.
 * @param part the run of any part, standing at its end: it knows the frames around the fork
 * @param results by name of part
 */
export function join(part: Run, results: Readonly<Record<string, PartResult>>): Run {
  const { of = [], history } = partFrame(part).part ?? {};
  const arrived = of.flatMap((name) => results[name] ?? []);
  const frames = part.frames.slice(0, -1);
  const merged = mergedFrame(part, arrived.map((result) => result.frame)); // prettier-ignore
  const added = arrived.flatMap((result) => result.history);
  const joined: Run = {
    ...part,
    secrets: secretsOf(arrived),
    frames: [...frames, merged],
    history: [...part.history.slice(0, history), ...added],
    attempt: 1,
  };
  mark(joined, 'running');
  redact(joined, joined.current);
  return joined;
}

/** What any of the parts knows as secret. */
export function secretsOf(results: readonly PartResult[]): readonly string[] {
  return results.reduce<readonly string[]>((known, { secrets = [] }) => union(known, secrets), []);
}

/** The frame of a part that has failed, without what it had come to. */
export function emptied({ plan }: Run, frame: Frame): Frame {
  return groupOf(plan, frame).type.emptied?.(frame) ?? frame;
}

/**
 * The line of a run whose outer `depth` frames are these: `''`, or `<path>@<seq>/<part>` of the innermost part that travels, with
 * `seq` of the messages that left its fork and those around it. A fork that is left once more, as its record was lost, is another one.
 */
export function lineOf(run: Run, depth = run.frames.length): string {
  const at = depth === 0 ? undefined : travellingPart(run, depth);
  if (at === undefined) return '';
  const { step, part } = run.frames[at] ?? {};
  const left = run.frames.slice(0, at + 1).flatMap((frame) => (travels(frame) ? [frame.part.seq] : []));
  return `${pathOf(run, step ?? '', at)}@${left.join('.')}/${part?.name ?? ''}`;
}

/** Which fork a line is of, among all that a run leaves: the line without its part. */
export const forkOf = (line: string): string => line.slice(0, line.lastIndexOf('/'));

/** Index of the frame of the innermost part that is not walked, within the outer `depth` frames. */
export function travellingPart({ frames }: Run, depth = frames.length): number | undefined {
  const at = frames.slice(0, depth).findLastIndex(travels);
  return at < 0 ? undefined : at;
}

/**
 * The frames of a run that failed, as it is tried again: a fork that failed is entered anew, without what its parts came to. A
 * part alone, whose message was refused, is not tried again: its sisters have settled, and would not meet it.
 */
export function reentered({ plan, frames }: Run): Frame[] {
  const outermost = frames.findIndex(travels);
  if (outermost >= 0) return frames.slice(0, outermost);
  const last = frames.at(-1);
  if (last === undefined || last.fork === true) return frames;
  const { step, type } = groupOf(plan, last);
  const merged = type.split !== undefined && type.child(step, last) === undefined;
  return merged ? frames.slice(0, -1) : frames;
}

/** Whether it is a part that is not walked. */
export function travels(frame: Frame): frame is Frame & { readonly part: Part } {
  return frame.part !== undefined && frame.part.ahead === undefined;
}

function partFrame({ frames }: Run): Frame {
  const frame = frames.at(-1);
  if (frame?.part === undefined) throw new TypeError('The run is not at the end of a part.');
  return frame;
}

/** Goes on with the next part of a walk. `false`: that was the last. */
export function walkOn(run: Run, part: Part): boolean {
  const [next, ...ahead] = part.ahead ?? [];
  if (next?.part === undefined) return false;
  run.frames.push({ ...next, part: { ...next.part, ahead, done: [...(part.done ?? []), bare(run.frames.pop())] } });
  return true;
}

/** All parts of a walk have ended: their merged frame takes their place. */
export function joinWalked(run: Run, part: Part): void {
  const merged = mergedFrame(run, [...(part.done ?? []), bare(run.frames.at(-1))]);
  run.frames[run.frames.length - 1] = merged;
}

function partsOf(run: Run, seq: number): Frame[] {
  const frame = run.frames.at(-1);
  if (frame?.fork !== true) throw new TypeError('split: the run is not at a fork.');
  const { step, type } = groupOf(run.plan, frame);
  const parts = type.split?.(step, frame, run.plan.environment.limits) ?? [];
  if (parts.length === 0) throw new TypeError(`${pathOf(run, '?')}: a fork without parts.`);
  const of = parts.map(({ name }) => name);
  return parts.map(({ name, frame: own }) => ({ ...own, part: { name, of, seq, history: run.history.length } }));
}

function mergedFrame(run: Run, parts: readonly Frame[]): Frame {
  const [first] = parts;
  const group = first && groupOf(run.plan, first);
  const merged = group?.type.merge?.(group.step, parts);
  if (merged === undefined) throw new TypeError(`${pathOf(run, '?')}: these parts cannot be merged.`);
  return merged;
}

function bare(frame: Frame | undefined): Frame {
  if (frame === undefined) throw new TypeError('A walk without a frame.');
  const { part: _, ...rest } = frame;
  return rest;
}
