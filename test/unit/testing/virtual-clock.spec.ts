import { beforeEach, describe, expect, it } from '@jest/globals';
import { VirtualClock } from '../../../libs/orchestrator/src/testing/virtual-clock.js';

let clock: VirtualClock;
let log: unknown[];

beforeEach(() => {
  clock = new VirtualClock(1_000);
  log = [];
});

const note = (what: unknown) => () => {
  log.push(what);
};

describe('virtual time', () => {
  it('stands still by itself', async () => {
    clock.after(0, note('fired'));
    await Promise.resolve();
    expect(clock.now()).toBe(1_000);
    expect(log).toEqual([]);
    expect(clock.pending).toBe(1);
  });

  it('fires timers when they are due, equal ones in the order in which they were set', async () => {
    clock.after(20, note('b'));
    clock.after(10, note('a'));
    clock.after(20, note('c'));
    clock.after(-5, note('now'));
    await clock.advance(20);
    expect(log).toEqual(['now', 'a', 'b', 'c']);
    expect(clock.now()).toBe(1_020);
  });

  it('shows each timer the moment for which it was set', async () => {
    for (const ms of [5, 7]) clock.after(ms, () => log.push(clock.now()));
    await clock.advance(100);
    expect(log).toEqual([1_005, 1_007]);
    expect(clock.now()).toBe(1_100);
  });

  it('does not fire what is not due yet', async () => {
    clock.after(10, note('a'));
    await clock.advance(9);
    expect(log).toEqual([]);
    await clock.advance(1);
    expect(log).toEqual(['a']);
  });

  it('lets promises go on between two timers, though they be due at the same time', async () => {
    clock.after(10, () => void Promise.resolve().then(() => Promise.resolve()).then(note('what a set in motion'))); // prettier-ignore
    clock.after(10, note('b'));
    await clock.advance(10);
    expect(log).toEqual(['what a set in motion', 'b']);
  });

  it('fires timers that are only set on the way', async () => {
    const again = (left: number): void => {
      log.push(clock.now());
      if (left > 0) clock.after(10, () => void Promise.resolve().then(() => { again(left - 1); })); // prettier-ignore
    };
    again(3);
    await clock.advance(25);
    expect(log).toEqual([1_000, 1_010, 1_020]);
    expect(clock.pending).toBe(1);
  });

  it('does not fire a cancelled timer, and cancelling a fired one does nothing', async () => {
    clock.after(10, note('kept'));
    const cancel = clock.after(10, note('cancelled'));
    cancel();
    cancel();
    await clock.advance(10);
    cancel();
    expect(log).toEqual(['kept']);
    expect(clock.pending).toBe(0);
  });

  it('moves to the next timer, however far, and says when there is none', async () => {
    const day = 86_400_000;
    clock.after(day, note('a'));
    clock.after(day, note('b'));
    clock.after(2 * day, note('c'));
    await expect(clock.advanceToNext()).resolves.toBe(true);
    expect(log).toEqual(['a', 'b']);
    expect(clock.now()).toBe(1_000 + day);
    await expect(clock.advanceToNext()).resolves.toBe(true);
    await expect(clock.advanceToNext()).resolves.toBe(false);
    expect(clock.now()).toBe(1_000 + 2 * day);
  });
});
