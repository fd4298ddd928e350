import type { Claim, Holder, HopId } from '../../../libs/orchestrator/src/state/state.store.js';
import { MemoryStateStore } from '../../../libs/orchestrator/src/state/memory/memory.store.js';
import { FORGETFUL } from './settings.js';
import { all, claimed, granted, planted, replace, withAnyToken, type Planted, type Records } from './plant.js';

/** Rules of the run record, broken in the store. */
export const IN_THE_STORE: readonly Planted[] = [
  planted('no claim', 1, 'by-service', 'generated', { double: 1 }, () =>
    claimed((claim, hop, now) => ('holder' in claim ? claim : granted(hop, now))),
  ),
  planted(
    'a claim that does not look at hop_id',
    6,
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
  planted('an end that is not granted again', 25, 'by-service', 'one', { crash: 2 }, () =>
    claimed((claim) => (claim.kind === 'ended-here' ? { kind: 'ended' } : claim)),
  ),
  planted('an end that forgets its journal', 2, 'by-service', 'one', { crash: 2 }, () =>
    claimed((claim) => (claim.kind === 'ended-here' ? { ...claim, journal: {} } : claim)),
  ),
  planted(
    'an epoch that is not checked',
    63,
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
  planted('a lease that keeps nobody out', 1, 'by-service', 'generated', { double: 1, reorder: true }, () =>
    replace(MemoryStateStore, 'claim', (claim) => {
      return function (this: Records & object, hop: HopId, terms: unknown) {
        const line = this.runs.get(hop.workflowId)?.lines.get(hop.line);
        if (line !== undefined) line.leasedUntil = 0;
        return claim.call(this, hop, terms);
      };
    }),
  ),
  planted('a lease that never ends', 1, 'by-service', 'generated', { crash: 2 }, () =>
    replace(MemoryStateStore, 'claim', (claim) => {
      return function (this: object, hop: HopId, terms: object) {
        return claim.call(this, hop, { ...terms, leaseMs: 1e12 });
      };
    }),
  ),
  planted('a holder that is not asked for its token', 1, 'by-service', 'one', { stall: 2, reorder: true }, () =>
    all(...['record', 'extend', 'end', 'arrive'].map(withAnyToken)),
  ),
  planted('a fork that is left once more and counts as the same', 307, 'messages', 'generated', FORGETFUL, () => {
    const same = (text: string): string => text.replaceAll(/@[\d.]+/g, (left) => left.replaceAll(/\d+/g, '0'));
    return all(
      replace(MemoryStateStore, 'claim', (claim) => {
        return async function (this: object, hop: HopId, terms: unknown) {
          const answer = (await claim.call(this, { ...hop, line: same(hop.line) }, terms)) as Claim;
          return 'holder' in answer ? { ...answer, holder: { ...answer.holder, line: hop.line } } : answer;
        };
      }),
      ...['record', 'extend', 'end', 'arrive'].map((method) =>
        replace(MemoryStateStore, method, (original) => {
          return function (this: object, holder: Holder, ...rest: readonly unknown[]) {
            const others = rest.map((each) => each && (JSON.parse(same(JSON.stringify(each))) as unknown));
            return original.call(this, { ...holder, line: same(holder.line) }, ...others);
          };
        }),
      ),
    );
  }),
  planted(
    'a holder that a store which fails over has forgotten, and fences',
    442,
    'messages',
    'generated',
    { failover: 2, crash: 2, reorder: true },
    () =>
      replace(MemoryStateStore, 'held', (held) => {
        return function (this: Records & object, holder: Holder) {
          const run = this.runs.get(holder.workflowId);
          const line = run?.epoch === holder.epoch ? run.lines.get(holder.line) : undefined;
          const isAnothers = line?.seq === holder.seq && line.hopId === holder.hopId && line.token !== holder.token;
          return isAnothers ? { run } : held.call(this, holder);
        };
      }),
  ),
  planted('a failed branch that ends the run before its sisters', 4, 'messages', 'generated', { reorder: true }, () =>
    replace(MemoryStateStore, 'arrive', (arrive) => {
      return function (this: object, holder: Holder, arrival: { readonly part: string; readonly result: unknown }) {
        const failed = JSON.stringify(arrival.result).includes('"failed":');
        return arrive.call(this, holder, failed ? { ...arrival, of: [arrival.part] } : arrival);
      };
    }),
  ),
  planted(
    'an arrival that replaces the first of its part',
    685,
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
    'a fork that leaves without a record of what came before',
    112,
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
    4,
    'by-service',
    'one',
    { crash: 2, reorder: true },
    () => claimed((claim) => (claim['left'] === true ? { ...claim, left: false, journal: {} } : claim)),
  ),
  planted('a redelivery that sees another moment', 2, 'by-service', 'one', { crash: 2 }, () =>
    claimed((claim, _, now) => ('at' in claim ? { ...claim, at: now } : claim)),
  ),
  planted(
    'an ended run that fences nobody',
    1,
    'messages',
    'generated',
    { cancel: 1, crash: 2, stall: 1, double: 0.5, reorder: true },
    () => claimed((claim, hop, now) => (claim.kind === 'ended' ? granted(hop, now) : claim)),
  ),
  planted(
    'an end that does not hear that the run is cancelled',
    34,
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
