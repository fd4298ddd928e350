import type { HopJournal } from '../../../libs/orchestrator/src/execution/hop-journal.js';
import { TaskRunner } from '../../../libs/orchestrator/src/execution/task.runner.js';
import type { Holder, HopId } from '../../../libs/orchestrator/src/state/state.store.js';
import { MemoryStateStore } from '../../../libs/orchestrator/src/state/memory/memory.store.js';
import type { RunRecord } from '../../../libs/orchestrator/src/state/memory/run-record.js';
import type { Faults } from '../../../libs/orchestrator/src/testing/simulator/fault-plan.js';
import type { Setting } from './settings.js';
import type { Boot, Places } from './ways.js';

/** A rule of the protocol that is broken, and the setting in which that shows. */
export interface Planted {
  readonly name: string;
  /** In which it shows. */
  readonly seed: number;
  readonly setting: Setting;
  /** Breaks it until the answer is called. */
  readonly plant: () => () => void;
}

type Method = (this: never, ...args: never[]) => unknown;
type Anything = (this: object, ...args: readonly unknown[]) => unknown;

/** Replaces a method of a class, private or not, until the answer is called. */
export function replace(
  owner: { readonly prototype: object },
  name: string,
  make: (original: Anything) => Method,
): () => void {
  const prototype = owner.prototype as Record<string, Anything>;
  const original = prototype[name];
  if (original === undefined) throw new TypeError(`There is no ${name} to replace.`);
  prototype[name] = make(original) as Anything;
  return () => {
    prototype[name] = original;
  };
}

export const all =
  (...mends: (() => void)[]): (() => void) =>
  () => {
    for (const mend of mends) mend();
  };

/** What a store in memory is made of. */
export interface Records {
  readonly runs: { get(workflowId: string): RunRecord | undefined };
}
type Claimed = Record<string, unknown> & { readonly kind: string };

/** What a claim answers, after it was changed. */
export const claimed = (change: (claim: Claimed, hop: HopId, now: number) => Claimed): (() => void) =>
  replace(MemoryStateStore, 'claim', (claim) => {
    return async function (this: object, hop: HopId, terms: { readonly now: number }) {
      return change((await claim.call(this, hop, terms)) as Claimed, hop, terms.now);
    };
  });

/** Whatever token a holder has, it holds. */
export const withAnyToken = (method: string): (() => void) =>
  replace(MemoryStateStore, method, (original) => {
    return function (this: Records & object, holder: Holder, ...rest: readonly unknown[]) {
      const token = this.runs.get(holder.workflowId)?.lines.get(holder.line)?.token ?? holder.token;
      return original.call(this, { ...holder, token }, ...rest);
    };
  });

/** The journal that a task is run with, changed before its handler, or after it. */
export function journalOfTask(when: 'before' | 'after'): () => void {
  const quiet = (journal: HopJournal): HopJournal & { readonly real: HopJournal } =>
    Object.create(journal, {
      real: { value: journal },
      flush: {
        value: () => {
          journal.check();
          return Promise.resolve();
        },
      },
    }) as HopJournal & { readonly real: HopJournal };
  const run = replace(TaskRunner, 'run', (original) => {
    return function (this: object, task: unknown, journal: HopJournal) {
      return original.call(this, task, when === 'after' ? quiet(journal) : journal);
    };
  });
  const execute = replace(TaskRunner, 'execute', (original) => {
    return function (this: object, task: unknown, journal: HopJournal & { readonly real?: HopJournal }) {
      return original.call(this, task, when === 'before' ? quiet(journal) : (journal.real ?? journal));
    };
  });
  return all(run, execute);
}

export const planted = (name: string, seed: number, boot: Boot, places: Places, faults: Faults, plant: () => () => void, more: Partial<Setting> = {}): Planted => ({ name, seed, setting: { name, boot, places, faults, ...more }, plant }); // prettier-ignore

export const granted = (hop: HopId, now: number): Claimed => ({
  kind: 'granted',
  holder: { ...hop, token: 'any' },
  journal: {},
  at: now,
  left: false,
});
