import { describe, expect, it } from '@jest/globals';
import { Breaker } from '../../../libs/orchestrator/src/cache/breaker.js';
import { VirtualClock } from '../../../libs/orchestrator/src/testing/virtual-clock.js';

const WITHIN = 50;
const down = (): Promise<string> => Promise.reject(new Error('Connection refused.'));
const silent = (): Promise<string> => new Promise(() => undefined);
const up = (): Promise<string> => Promise.resolve('here');

/** A breaker in virtual time, and how often what it guards was asked. */
function breaker(within: number | undefined = WITHIN): {
  readonly clock: VirtualClock;
  readonly asked: () => number;
  readonly try: (call: () => Promise<string>) => Promise<string | undefined>;
} {
  const clock = new VirtualClock();
  const guard = new Breaker(clock, within);
  let asked = 0;
  return {
    clock,
    asked: () => asked,
    try: (call) =>
      guard.try(() => {
        asked += 1;
        return call();
      }),
  };
}

async function opened(): Promise<ReturnType<typeof breaker>> {
  const guard = breaker();
  for (let failure = 0; failure < 3; failure += 1) await guard.try(down);
  return guard;
}

describe('a breaker', () => {
  it('lets an answer through, whatever it is', async () => {
    expect(await breaker().try(up)).toBe('here');
    expect(await breaker().try(() => Promise.resolve(''))).toBe('');
  });

  it('makes nothing of what fails, also where it fails at once', async () => {
    expect(await breaker().try(down)).toBeUndefined();
    const throwing = (): never => {
      throw new TypeError('client.get is not a function');
    };
    expect(await breaker().try(throwing)).toBeUndefined();
  });

  it('waits no longer than it may', async () => {
    const { clock, try: attempt } = breaker();
    let came: string | undefined = 'not yet';
    void attempt(silent).then((answer) => (came = answer));
    await clock.advance(WITHIN - 1);
    expect(came).toBe('not yet');
    await clock.advance(1);
    expect(came).toBeUndefined();
  });

  it('leaves no timer behind an answer: nothing keeps the process up', async () => {
    const { clock, try: attempt } = breaker();
    await attempt(up);
    await attempt(down);
    expect(clock.pending).toBe(0);
  });

  it('asks no more after three failures in a row, for a second', async () => {
    const guard = await opened();
    expect(guard.asked()).toBe(3);
    expect(await guard.try(up)).toBeUndefined();
    await guard.clock.advance(999);
    expect(await guard.try(up)).toBeUndefined();
    expect(guard.asked()).toBe(3);
  });

  it('counts what takes too long as a failure', async () => {
    const guard = breaker();
    const calls = [guard.try(silent), guard.try(silent), guard.try(silent)];
    await guard.clock.advance(WITHIN);
    expect(await Promise.all(calls)).toEqual([undefined, undefined, undefined]);
    expect(await guard.try(up)).toBeUndefined();
    expect(guard.asked()).toBe(3);
  });

  it('counts failures in a row only', async () => {
    const guard = breaker();
    for (const call of [down, down, up, down, down, up]) await guard.try(call);
    expect(guard.asked()).toBe(6);
    expect(await guard.try(up)).toBe('here');
  });

  it('lets a single call try it after a second, while the others wait for what that comes to', async () => {
    const guard = await opened();
    await guard.clock.advance(1_000);
    const probe = guard.try(silent);
    expect(await guard.try(up)).toBeUndefined();
    expect(guard.asked()).toBe(4);
    await guard.clock.advance(WITHIN);
    expect(await probe).toBeUndefined();
  });

  it('is closed by a probe that is answered, and asks again as ever', async () => {
    const guard = await opened();
    await guard.clock.advance(1_000);
    expect(await guard.try(up)).toBe('here');
    expect(await guard.try(down)).toBeUndefined();
    expect(await guard.try(up)).toBe('here');
  });

  it('is open for another second after a probe that fails', async () => {
    const guard = await opened();
    await guard.clock.advance(1_000);
    await guard.try(down);
    expect(await guard.try(up)).toBeUndefined();
    await guard.clock.advance(1_000);
    expect(await guard.try(up)).toBe('here');
  });
});

describe('a breaker of what is in this process', () => {
  it('neither waits nor opens: it answers at once, or not at all', async () => {
    const guard = new Breaker(new VirtualClock(), undefined);
    for (let failure = 0; failure < 5; failure += 1) expect(await guard.try(down)).toBeUndefined();
    expect(await guard.try(up)).toBe('here');
  });

  it('sets no timer, however long an answer takes', () => {
    const clock = new VirtualClock();
    void new Breaker(clock, undefined).try(silent);
    expect(clock.pending).toBe(0);
  });
});
