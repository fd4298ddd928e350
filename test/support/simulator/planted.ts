import type { Run } from '../../../libs/orchestrator/src/engine/run.js';
import { HopJournal } from '../../../libs/orchestrator/src/execution/hop-journal.js';
import { TaskRunner } from '../../../libs/orchestrator/src/execution/task.runner.js';
import { Hop } from '../../../libs/orchestrator/src/hop.js';
import type { Holder, HopId } from '../../../libs/orchestrator/src/state/state.store.js';
import { MemoryStateStore } from '../../../libs/orchestrator/src/state/memory/memory.store.js';
import { RunRecord } from '../../../libs/orchestrator/src/state/memory/run-record.js';
import { RunRecords } from '../../../libs/orchestrator/src/state/memory/run-records.js';
import { ForkKeeper } from '../../../libs/orchestrator/src/transports/fork.keeper.js';
import { PartsRouter } from '../../../libs/orchestrator/src/transports/parts.router.js';
import { Publisher } from '../../../libs/orchestrator/src/transports/publisher.js';
import { Router } from '../../../libs/orchestrator/src/transports/router.js';
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
function replace(
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

const all =
  (...mends: (() => void)[]): (() => void) =>
  () => {
    for (const mend of mends) mend();
  };

/** What a store in memory is made of. */
interface Records {
  readonly runs: { get(workflowId: string): RunRecord | undefined };
}
type Claimed = Record<string, unknown> & { readonly kind: string };

/** What a claim answers, after it was changed. */
const claimed = (change: (claim: Claimed, hop: HopId, now: number) => Claimed): (() => void) =>
  replace(MemoryStateStore, 'claim', (claim) => {
    return async function (this: object, hop: HopId, terms: { readonly now: number }) {
      return change((await claim.call(this, hop, terms)) as Claimed, hop, terms.now);
    };
  });

/** Whatever token a holder has, it holds. */
const withAnyToken = (method: string): (() => void) =>
  replace(MemoryStateStore, method, (original) => {
    return function (this: Records & object, holder: Holder, ...rest: readonly unknown[]) {
      const token = this.runs.get(holder.workflowId)?.lines.get(holder.line)?.token ?? holder.token;
      return original.call(this, { ...holder, token }, ...rest);
    };
  });

/** The journal that a task is run with, changed before its handler, or after it. */
function journalOfTask(when: 'before' | 'after'): () => void {
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

const planted = (name: string, seed: number, boot: Boot, places: Places, faults: Faults, plant: () => () => void, more: Partial<Setting> = {}): Planted => ({ name, seed, setting: { name, boot, places, faults, ...more }, plant }); // prettier-ignore

const granted = (hop: HopId, now: number): Claimed => ({
  kind: 'granted',
  holder: { ...hop, token: 'any' },
  journal: {},
  at: now,
  left: false,
});

export const PLANTED: readonly Planted[] = [
  planted('no claim', 0, 'by-service', 'generated', { double: 1 }, () =>
    claimed((claim, hop, now) => ('holder' in claim ? claim : granted(hop, now))),
  ),
  planted(
    'a claim that does not look at hop_id',
    0,
    'by-service',
    'generated',
    { crash: 2, reorder: true },
    () => {
      const methods = ['claim', 'record', 'extend', 'arrive', 'end'];
      return all(
        ...methods.map((method) =>
          replace(MemoryStateStore, method, (original) => {
            return function (this: object, hop: HopId, ...rest: readonly unknown[]) {
              return original.call(this, { ...hop, hopId: 'any' }, ...rest);
            };
          }),
        ),
      );
    },
    { twice: true },
  ),
  planted(
    'a hop acknowledged before its message is published',
    0,
    'by-service',
    'next',
    { crash: 2, reorder: true },
    () =>
      replace(Publisher, 'publish', (publish) => {
        return function (this: object, message: unknown) {
          void (publish.call(this, message) as Promise<void>).catch(() => undefined);
          return Promise.resolve();
        };
      }),
  ),
  planted(
    'a message published before its hop is recorded',
    0,
    'by-service',
    'generated',
    { crash: 2, reorder: true },
    () =>
      replace(Router, 'send', (send) => {
        return async function (this: object, move: unknown, journal: HopJournal) {
          const early = Object.create(journal, { flush: { value: () => Promise.resolve() } }) as HopJournal;
          const sent = await send.call(this, move, early);
          await journal.flush();
          return sent;
        };
      }),
  ),
  planted('a journal that is not replayed', 0, 'by-service', 'one', { crash: 2 }, () =>
    replace(HopJournal, 'replay', () => () => undefined),
  ),
  planted('an end that is not granted again', 0, 'by-service', 'one', { crash: 2 }, () =>
    claimed((claim) => (claim.kind === 'ended-here' ? { kind: 'ended' } : claim)),
  ),
  planted('an end that forgets its journal', 0, 'by-service', 'one', { crash: 2 }, () =>
    claimed((claim) => (claim.kind === 'ended-here' ? { ...claim, journal: {} } : claim)),
  ),
  planted(
    'an epoch that is not checked',
    0,
    'by-service',
    'generated',
    { double: 1, reorder: true },
    () =>
      replace(MemoryStateStore, 'claim', (claim) => {
        return function (this: Records & object, hop: HopId, terms: unknown) {
          const { epoch = hop.epoch } = this.runs.get(hop.workflowId) ?? {};
          return claim.call(this, { ...hop, epoch: Math.max(epoch, hop.epoch) }, terms);
        };
      }),
    { requeue: true },
  ),
  planted('a lease that keeps nobody out', 0, 'by-service', 'generated', { double: 1, reorder: true }, () =>
    replace(MemoryStateStore, 'claim', (claim) => {
      return function (this: Records & object, hop: HopId, terms: unknown) {
        const line = this.runs.get(hop.workflowId)?.lines.get(hop.line);
        if (line !== undefined) line.leasedUntil = 0;
        return claim.call(this, hop, terms);
      };
    }),
  ),
  planted('a lease that never ends', 0, 'by-service', 'generated', { crash: 2 }, () =>
    replace(MemoryStateStore, 'claim', (claim) => {
      return function (this: object, hop: HopId, terms: object) {
        return claim.call(this, hop, { ...terms, leaseMs: 1e12 });
      };
    }),
  ),
  planted('a holder that is not asked for its token', 0, 'by-service', 'one', { stall: 2, reorder: true }, () =>
    all(...['record', 'extend', 'end', 'arrive'].map(withAnyToken)),
  ),
  planted(
    'no keeper, and a store that restarts empty',
    0,
    'messages',
    'generated',
    { restart: 2, crash: 2, reorder: true },
    () => replace(ForkKeeper, 'send', () => () => Promise.resolve()),
  ),
  planted(
    'a keeper that sends nothing again',
    0,
    'messages',
    'generated',
    { restart: 2, crash: 2, reorder: true },
    () =>
      replace(
        MemoryStateStore,
        'inspect',
        (inspect) =>
          async function (this: object, ...asked: readonly unknown[]) {
            return (await inspect.call(this, ...asked)) === 'over' ? 'over' : [];
          },
      ),
  ),
  planted('a failed branch that ends the run before its sisters', 0, 'messages', 'generated', { reorder: true }, () =>
    replace(MemoryStateStore, 'arrive', (arrive) => {
      return function (this: object, holder: Holder, arrival: { readonly part: string; readonly result: unknown }) {
        const failed = JSON.stringify(arrival.result).includes('"failed":');
        return arrive.call(this, holder, failed ? { ...arrival, of: [arrival.part] } : arrival);
      };
    }),
  ),
  planted(
    'an arrival that replaces the first of its part',
    0,
    'messages',
    'generated',
    { cancel: 1, crash: 2, reorder: true },
    () =>
      replace(MemoryStateStore, 'arrive', (arrive) => {
        return function (
          this: Records & object,
          holder: Holder,
          arrival: { readonly join: string; readonly part: string },
        ) {
          this.runs.get(holder.workflowId)?.joins.get(arrival.join)?.delete(arrival.part);
          return arrive.call(this, holder, arrival);
        };
      }),
  ),
  planted(
    'a continuation with the next seq each time a join is complete',
    0,
    'messages',
    'generated',
    { crash: 2, reorder: true, double: 0.5 },
    () => {
      const fired = new WeakMap<object, Map<string, number>>();
      return replace(PartsRouter, 'encoded', (encoded) => {
        return function (this: object, joined: Run, seq: number) {
          const counts = fired.get(joined.plan) ?? new Map<string, number>();
          fired.set(joined.plan, counts);
          const key = `${joined.frames.length} ${seq}`;
          const times = counts.get(key) ?? 0;
          counts.set(key, times + 1);
          return encoded.call(this, joined, seq + times);
        };
      });
    },
  ),
  planted(
    'lines and joins that outlive a requeue',
    0,
    'messages',
    'generated',
    {},
    () =>
      all(
        replace(
          RunRecord,
          'end',
          () =>
            function (this: RunRecord, { line, seq, hopId }: Holder, _: unknown, summary: string) {
              this.ending = { hop: { line, seq, hopId }, summary };
            },
        ),
        replace(RunRecords, 'open', (open) => {
          return function (
            this: { get(id: string): RunRecord | undefined } & object,
            workflowId: string,
            ...rest: readonly unknown[]
          ) {
            const before = this.get(workflowId);
            const [lines, joins] = [new Map(before?.lines), new Map(before?.joins)];
            const run = open.call(this, workflowId, ...rest) as RunRecord;
            for (const [name, line] of lines) run.lines.set(name, line);
            for (const [name, join] of joins) run.joins.set(name, join);
            return run;
          };
        }),
      ),
    { requeue: true },
  ),
  planted('no record before a step that changes something', 0, 'by-service', 'one', { crash: 2 }, () =>
    journalOfTask('before'),
  ),
  planted('no record after a step that changed something', 0, 'by-service', 'one', { crash: 2 }, () =>
    journalOfTask('after'),
  ),
  planted(
    'a fork that leaves without a record of what came before',
    0,
    'messages',
    'generated',
    { crash: 2, reorder: true },
    () =>
      replace(MemoryStateStore, 'record', (record) => {
        return function (this: object, holder: Holder, outcomes: object, departure?: { readonly kind: string }) {
          return record.call(this, holder, departure?.kind === 'fork' ? {} : outcomes, departure);
        };
      }),
  ),
  planted(
    'a redelivery that executes although its hop has left a fork',
    0,
    'by-service',
    'one',
    { crash: 2, reorder: true },
    () => claimed((claim) => (claim['left'] === true ? { ...claim, left: false, journal: {} } : claim)),
  ),
  planted('a busy message that is dropped', 0, 'by-service', 'generated', { crash: 2 }, () =>
    replace(Hop, 'defer', () => () => ({ skipped: true, reason: 'busy' })),
  ),
  planted('a message put back under another hop_id', 0, 'by-service', 'generated', { crash: 2 }, () => {
    let ids = 0;
    return replace(Publisher, 'toItself', (toItself) => {
      return function (this: object, body: string, hopId: string, delay: number) {
        const another = `another-${(ids += 1)}`;
        return toItself.call(this, body.replace(hopId, another), another, delay);
      };
    });
  }),
  planted('outcomes that are lost when the store fails', 0, 'by-service', 'generated', { storeError: 3 }, () =>
    replace(Publisher, 'putBack', (putBack) => {
      return function (this: object, body: string, changes: object = {}, delay?: number) {
        return putBack.call(this, body, { ...changes, carry: undefined }, delay);
      };
    }),
  ),
  planted('a redelivery that sees another moment', 0, 'by-service', 'one', { crash: 2 }, () =>
    claimed((claim, _, now) => ('at' in claim ? { ...claim, at: now } : claim)),
  ),
  planted(
    'an ended run that fences nobody',
    0,
    'messages',
    'generated',
    { cancel: 1, crash: 2, stall: 1, double: 0.5, reorder: true },
    () => claimed((claim, hop, now) => (claim.kind === 'ended' ? granted(hop, now) : claim)),
  ),
  planted(
    'an end that does not hear that the run is cancelled',
    0,
    'by-service',
    'one',
    { cancel: 1, crash: 1, reorder: true },
    () =>
      replace(MemoryStateStore, 'end', (end) => {
        return function (this: Records & object, holder: Holder, summary: unknown) {
          const run = this.runs.get(holder.workflowId);
          if (run !== undefined) run.cancelled = false;
          return end.call(this, holder, summary);
        };
      }),
  ),
];
