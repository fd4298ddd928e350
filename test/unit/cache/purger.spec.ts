import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { MemoryCoherence } from '../../../libs/orchestrator/src/cache/memory/memory.coherence.js';
import { Purger } from '../../../libs/orchestrator/src/cache/purger.js';
import { VirtualClock } from '../../../libs/orchestrator/src/testing/virtual-clock.js';
import { deferred } from '../../support/deferred.js';

/** Tokens that are purged as the test says: `up`, `down`, or never an answer. */
class TroubledCoherence extends MemoryCoherence {
  mode: 'up' | 'down' | 'silent' | 'broken' = 'up';
  readonly purges: (readonly string[])[] = [];

  override purge(tags: readonly string[]): Promise<void> {
    this.purges.push(tags);
    if (this.mode === 'broken') throw new TypeError('client.evalsha is not a function');
    if (this.mode === 'silent') return new Promise(() => undefined);
    return this.mode === 'up' ? super.purge(tags) : Promise.reject(new Error('Connection refused.'));
  }
}

const logged: string[] = [];
beforeEach(() => {
  logged.length = 0;
  jest.spyOn(Logger.prototype, 'error').mockImplementation((message: unknown) => void logged.push(String(message)));
});
afterEach(() => {
  jest.restoreAllMocks();
});

interface Stage {
  readonly clock: VirtualClock;
  readonly coherence: TroubledCoherence;
  readonly purger: Purger;
  /** What was made up for. */
  readonly paid: (readonly string[])[];
}

function setUp(): Stage {
  const [clock, coherence, paid] = [new VirtualClock(), new TroubledCoherence(), [] as (readonly string[])[]];
  return { clock, coherence, purger: new Purger(coherence, clock, (tags) => paid.push(tags)), paid };
}

describe('a purge', () => {
  it('is made once, and nothing is owed or waited for after it', async () => {
    const { clock, coherence, purger } = setUp();
    const [before] = await coherence.read(['a']);
    expect(await purger.purge(['a', 'b'])).toBe(true);
    expect(await coherence.read(['a'])).not.toEqual([before]);
    expect(clock.pending).toBe(0);
    await purger.close();
    expect(coherence.purges).toEqual([['a', 'b']]);
  });

  it.each(['down', 'broken'] as const)(
    'that cannot be made says so, and tells the log what is old: tokens %s',
    async (mode) => {
      const { clock, coherence, purger } = setUp();
      coherence.mode = mode;
      expect(await purger.purge(['a', 'b'])).toBe(false);
      expect(logged.join()).toContain('tried again');
      expect(logged.join()).toContain('a, b');
      expect(clock.pending).toBe(1); // the next try, and nothing else
    },
  );

  it('without an answer is given up after ten seconds', async () => {
    const { clock, coherence, purger } = setUp();
    coherence.mode = 'silent';
    let purged: boolean | undefined;
    void purger.purge(['a']).then((answer) => (purged = answer));
    await clock.advance(9_999);
    expect(purged).toBeUndefined();
    await clock.advance(1);
    expect(purged).toBe(false);
    expect(logged.join()).toContain('no answer within 10000 ms');
  });
});

describe('what could not be purged', () => {
  it('is tried again every second until it is, and then no more', async () => {
    const { clock, coherence, purger } = setUp();
    coherence.mode = 'down';
    await purger.purge(['a']);
    await purger.purge(['b', 'a']);
    await clock.advance(3_000);
    expect(coherence.purges.slice(2)).toEqual([['a', 'b'], ['a', 'b'], ['a', 'b']]); // prettier-ignore
    coherence.mode = 'up';
    const [before] = await coherence.read(['a']);
    await clock.advance(1_000);
    expect(await coherence.read(['a'])).not.toEqual([before]);
    const made = coherence.purges.length;
    await clock.advance(60_000);
    expect(coherence.purges).toHaveLength(made);
    expect(clock.pending).toBe(0);
  });

  it('holds up no other purge', async () => {
    const { clock, coherence, purger } = setUp();
    coherence.mode = 'down';
    await purger.purge(['a']);
    coherence.mode = 'up';
    expect(await purger.purge(['b'])).toBe(true);
    await clock.advance(1_000);
    expect(coherence.purges).toEqual([['a'], ['b'], ['a']]);
  });

  it('is still owed when an older try succeeds that began before it changed', async () => {
    const { clock, coherence, purger } = setUp();
    coherence.mode = 'down';
    await purger.purge(['a']);
    const slow = deferred();
    jest.spyOn(coherence, 'purge').mockImplementationOnce(() => slow.promise);
    await clock.advance(1_000); // the second try is under way
    expect(await purger.purge(['a'])).toBe(false); // the same has changed once more
    slow.resolve();
    await clock.advance(0);
    coherence.mode = 'up';
    const [before] = await coherence.read(['a']);
    await clock.advance(1_000);
    expect(await coherence.read(['a'])).not.toEqual([before]);
  });

  it('is told once it is made up for', async () => {
    const { clock, coherence, purger, paid } = setUp();
    coherence.mode = 'down';
    await purger.purge(['a', 'b']);
    await clock.advance(1_000);
    expect(paid).toEqual([]);
    coherence.mode = 'up';
    await clock.advance(1_000);
    expect(paid).toEqual([['a', 'b']]);
  });

  it.each<[string, number, (n: number) => string, readonly string[]]>([
    ['many rows is all of their resources', 5_000, (n) => `t:acme/crm/r${n % 2}/${n}`, ['t:acme/crm/r0', 't:acme/crm/r1']],
    ['many resources is anything of their service', 5_000, (n) => `t:acme/crm/r${n}/1`, ['t:acme/crm']],
    ['many tenants is anything of the service, for everybody', 5_000, (n) => `t:${n}/crm/row/1`, ['platform/crm', 'all/crm']],
  ])('and is of %s: it takes no more room than that, however long it cannot be made', async (_, count, tag, expected) => {
    const { clock, coherence, purger } = setUp();
    coherence.mode = 'down';
    for (let n = 0; n < count; n += 1) await purger.purge([tag(n)]);
    coherence.mode = 'up';
    await clock.advance(1_000);
    const purged = coherence.purges.at(-1) ?? [];
    expect(purged).toEqual(expect.arrayContaining([...expected]));
    expect(purged.length).toBeLessThanOrEqual(4_096);
  }); // prettier-ignore

  it('and is widened meanwhile is still owed when an older try succeeds', async () => {
    const { clock, coherence, purger } = setUp();
    coherence.mode = 'down';
    for (let n = 0; n < 4_000; n += 1) await purger.purge([`all/crm/row/${n}`]);
    const slow = deferred();
    jest.spyOn(coherence, 'purge').mockImplementationOnce(() => slow.promise);
    await clock.advance(1_000); // a try is under way
    for (let n = 4_000; n < 5_000; n += 1) await purger.purge([`all/crm/row/${n}`]);
    slow.resolve();
    await clock.advance(0);
    coherence.mode = 'up';
    await clock.advance(1_000);
    expect(coherence.purges.at(-1)).toContain('all/crm/row');
  });

  it('is tried again after a try that had no answer', async () => {
    const { clock, coherence, purger } = setUp();
    coherence.mode = 'silent';
    void purger.purge(['a']);
    await clock.advance(10_000 + 1_000 + 10_000 + 999);
    expect(coherence.purges).toHaveLength(2);
    coherence.mode = 'up';
    await clock.advance(1);
    expect(coherence.purges).toHaveLength(3);
    expect(clock.pending).toBe(0);
  });
});

describe('what is owed when the application closes', () => {
  it('is tried once more, and is paid then', async () => {
    const { clock, coherence, purger, paid } = setUp();
    coherence.mode = 'down';
    await purger.purge(['a', 'b']);
    coherence.mode = 'up';
    logged.length = 0;
    await purger.close();
    expect(paid).toEqual([['a', 'b']]);
    expect(coherence.purges.at(-1)).toEqual(['a', 'b']);
    expect(logged).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it('is given up when that fails, and the log says what is old', async () => {
    const { clock, coherence, purger } = setUp();
    coherence.mode = 'down';
    await purger.purge(['a', 'b']);
    await purger.close();
    expect(logged.join()).toContain('this was never purged: a, b');
    const made = coherence.purges.length;
    await clock.advance(60_000);
    expect(coherence.purges).toHaveLength(made);
  });

  it.each(['silent', 'broken'] as const)(
    'keeps it from closing no longer than ten seconds: tokens %s',
    async (mode) => {
      const { clock, coherence, purger } = setUp();
      coherence.mode = 'down';
      await purger.purge(['a']);
      coherence.mode = mode;
      let closed = false;
      void purger.close().then(() => (closed = true));
      await clock.advance(10_000);
      expect(closed).toBe(true);
      expect(logged.join()).toContain('this was never purged: a');
    },
  );

  it('is tried no more by what fails after it has closed', async () => {
    const { clock, coherence, purger } = setUp();
    await purger.close();
    coherence.mode = 'down';
    expect(await purger.purge(['a'])).toBe(false);
    expect(clock.pending).toBe(0);
  });
});
