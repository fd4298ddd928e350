import { setImmediate } from 'node:timers/promises';
import { advance, resume, stop } from '../engine/advance.js';
import { join, split, walk } from '../engine/parts.js';
import type { Run } from '../engine/run.js';
import type { Transition } from '../engine/transition.js';
import type { Failure } from '../errors/failure.js';
import type { Clock } from '../utils/clock.js';
import { reasonToEnd } from './ending.js';
import type { ForkMode } from './fork-mode.js';
import type { HopJournal } from './hop-journal.js';
import type { StepCoherence } from './step-coherence.js';
import type { TaskRunner } from './task.runner.js';

/** A fork whose parts leave on lines of their own, but for those that have ended here. */
export interface Leave {
  readonly kind: 'leave';
  /** Standing at the fork. */
  readonly run: Run;
  readonly join: string;
  readonly parts: readonly PartMove[];
}

/** What a part does next. */
export interface PartMove {
  readonly name: string;
  readonly move: Move;
}

/** What a hop comes to: a transition that something outside must follow, or a fork that is left. */
export type Move = Transition | Leave;

/** `replay`: nothing is executed; the run stands where the journal does not know further. */
export type Drive = 'execute' | 'replay';

/** The run may not go on. A part in process does not take that: it is about the whole. */
interface Stopped {
  readonly kind: 'stopped';
  readonly run: Run;
  readonly failure: Failure;
}

/** Tasks in a row before timers and I/O get their turn. */
const BURST = 64;

/** Decides (pure) and executes in turn, until the run must leave, wait, or end. */
export class Driver {
  constructor(
    private readonly service: string,
    private readonly tasks: TaskRunner,
    private readonly coherence: StepCoherence,
    private readonly forks: ForkMode,
    private readonly clock: Clock,
  ) {}

  /** @throws Interrupted when the hop cannot go on, but every part of it has come to rest */
  async drive(run: Run, journal: HopJournal, how: Drive = 'execute'): Promise<Move> {
    const end = await this.go(resume(run), journal, how);
    return end.kind === 'stopped' ? stop(end.run, end.failure) : end;
  }

  private async go(from: Transition, journal: HopJournal, how: Drive): Promise<Move | Stopped> {
    let move: Move | Stopped = from;
    let tasks = 0;
    for (;;) {
      if (move.kind === 'pause') {
        await setImmediate();
        move = this.stopped(move.run, how) ?? resume(move.run);
      } else if (move.kind === 'fork') {
        move = await this.fork(move.run, move.join, journal, how);
      } else if (move.kind === 'execute' && move.service === this.service) {
        const known = journal.replay(move.run, move.path);
        if (known !== undefined) await this.coherence.replayed(move, journal);
        if (known === undefined && how === 'replay') {
          await this.coherence.unfinished(move, journal);
          return move;
        }
        if ((tasks += 1) % BURST === 0) await setImmediate();
        const stopped = known === undefined ? this.stopped(move.run, how) : undefined;
        if (stopped !== undefined) return stopped;
        move = advance(move.run, known ?? (await this.tasks.run(move, journal)));
      } else {
        return move;
      }
    }
  }

  /** A fork's parts: beside each other in this process, as messages of their own, or one after another in this message. */
  private async fork(run: Run, path: string, journal: HopJournal, how: Drive): Promise<Move | Stopped> {
    const { seq } = journal.holder;
    const way = this.forks.wayOf(run);
    if (way.kind === 'elsewhere') return { kind: 'forward', run, service: way.service };
    if (way.kind !== 'walk') {
      const parts = split(run, seq).map((part) => resume(part));
      const moves =
        way.kind === 'messages' ? parts : await allSettled(parts.map((part) => this.go(part, journal, how)));
      const next = settled(run, path, moves);
      if (next.kind !== 'leave' || this.forks.fenced) return next;
    }
    walk(run, seq); // what the parts have come to is in the journal: it is not executed again in this hop
    return resume(run);
  }

  private stopped(run: Run, how: Drive): Stopped | undefined {
    const ending = how === 'execute' ? reasonToEnd(run, this.clock.now()) : undefined;
    return ending && { kind: 'stopped', run, failure: ending.failure };
  }
}

/** What a fork comes to whose parts have come so far. */
function settled(run: Run, path: string, moves: readonly (Move | Stopped)[]): Move | Stopped {
  const stopped = moves.find((move) => move.kind === 'stopped');
  if (stopped !== undefined) return { ...stopped, run };
  const arrivals = moves.filter((move) => move.kind === 'arrive');
  const [first] = arrivals;
  if (first !== undefined && arrivals.length === moves.length) {
    const joined = join(first.run, Object.fromEntries(arrivals.map(({ part, result }) => [part, result])));
    joined.now = Math.max(...arrivals.map((arrival) => arrival.run.now));
    return resume(joined);
  }
  const parts = moves.flatMap((move) => {
    const name = move.run.frames[run.frames.length - 1]?.part?.name; // the part took the place of the fork
    return move.kind === 'stopped' || name === undefined ? [] : [{ name, move }];
  });
  return { kind: 'leave', run, join: path, parts };
}

/** All ends, or the first error, but only after every part has come to rest. */
async function allSettled<T>(parts: readonly Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(parts);
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}
