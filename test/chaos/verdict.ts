import type { Effect } from './effects.js';
import { follows, isWhole, type Planned } from './runs.js';
import type { Terminal } from './terminals.js';

/** A run that was accepted. */
export interface Accepted extends Pick<Planned, 'kind' | 'fails'> {
  readonly workflowId: string;
}

/** What a scene came to. Zeros but for what its faults explain. */
export interface Verdict {
  readonly runs: number;
  /** Accepted, and never ended. */
  readonly lost: number;
  /** Ended in two ways, or took both arms of a switch. */
  readonly split: number;
  /** Completed without one of its effects, or in another order; or not failed as it had to. */
  readonly wrong: number;
  /** Failed, though nothing in it was meant to. */
  readonly failed: number;
  /** Failed, as it had to. */
  readonly refused: number;
  /** Effects beyond the first of a key. */
  readonly repeated: number;
  /** Of those, effects whose earlier execution did not end with its process, or was recorded: the run had gone on from it. */
  readonly unexplained: number;
  /** Messages that a queue still holds. */
  readonly left: number;
}

/** What was left behind. */
export interface Remains {
  readonly terminals: readonly Terminal[];
  readonly effects: readonly Effect[];
  /** When each process was killed, by its id. */
  readonly killed: ReadonlyMap<number, number>;
  readonly left: number;
}

/** Compares what was left behind with what was accepted. */
export function judge(accepted: readonly Accepted[], { terminals, effects, killed, left }: Remains): Verdict {
  const ends = grouped(terminals, ({ run }) => run);
  const done = grouped(effects, ({ run }) => run);
  const verdict = { runs: accepted.length, lost: 0, split: 0, wrong: 0, failed: 0, refused: 0, repeated: 0, unexplained: 0, left }; // prettier-ignore
  for (const { workflowId, kind, fails } of accepted) {
    const told = ends.get(workflowId) ?? [];
    const all = done.get(workflowId) ?? [];
    const firsts = [...grouped(all, ({ key }) => key).values()];
    const operations = firsts.flatMap(([first]) => (first === undefined ? [] : [first.operation]));
    const bothArms = operations.includes('ship-by-road') && operations.includes('ship-by-air');
    const failed = told.some(({ topic }) => topic === 'workflow.failed');
    if (told.length === 0) verdict.lost += 1;
    if (new Set(told.map(({ messageId, body }) => `${messageId} ${contentOf(body)}`)).size > 1 || bothArms)
      verdict.split += 1;
    if (fails !== undefined) {
      if (operations.length === 0 && told.some(({ body }) => body.includes(`"${fails}"`))) verdict.refused += 1;
      else if (told.length > 0) verdict.wrong += 1;
    } else if (failed) verdict.failed += 1;
    else if (told.length > 0 && !bothArms && !isWhole(kind, operations)) verdict.wrong += 1;
    for (const [first, ...again] of firsts) {
      verdict.repeated += again.length;
      let before = first;
      for (const next of again) {
        if (before !== undefined && !(diedThen(before, killed) && !wentOn(kind, all, before, next)))
          verdict.unexplained += 1;
        before = next;
      }
    }
  }
  return verdict;
}

/** Milliseconds within which an effect is recorded, unless its process dies first. */
const RECORDED_WITHIN = 2_000;

/** The process died soon after the effect: maybe before its record. */
function diedThen({ pid, at }: Effect, killed: Remains['killed']): boolean {
  const killedAt = killed.get(pid);
  return killedAt !== undefined && killedAt >= at && killedAt - at < RECORDED_WITHIN;
}

/** Whether the run had gone on from an effect before it was repeated: then it was recorded. */
const wentOn = (kind: Planned['kind'], all: readonly Effect[], done: Effect, again: Effect): boolean =>
  all.some(({ operation, at }) => at < again.at && follows(kind, operation, done.operation));

/** What a terminal says; when it was sent, and the reference of a failure, are no part of that. */
function contentOf(body: string): string {
  const { status, api_output, steps, error } = JSON.parse(body) as Told;
  return JSON.stringify([status, api_output, steps, error?.code, error?.path]);
}

interface Told {
  readonly status?: unknown;
  readonly api_output?: unknown;
  readonly steps?: unknown;
  readonly error?: { readonly code?: unknown; readonly path?: unknown };
}

function grouped<T>(items: readonly T[], by: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(by(item), [...(groups.get(by(item)) ?? []), item]);
  return groups;
}
