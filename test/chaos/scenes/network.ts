import { setTimeout } from 'node:timers/promises';
import { Crossing, type Way } from '../../support/redis/crossing.js';
import { type Case, runs, sound } from '../case.js';
import type { Scene } from '../scene.js';

/** Milliseconds after which both ends have given up a connection that is dead: three heartbeats. */
const BEYOND_HEARTBEATS = 16_000;
const LOST = /the connection to .+ is lost/;

/** A line between the workers and the broker that is bad. */
const line = (name: string, of: (crossing: Crossing) => Pick<Scene, 'trouble' | 'evidence'>): Case =>
  runs(
    name,
    async ({ broker }) => {
      const crossing = await Crossing.to(broker.port);
      const amqp = broker.url.replace(/:\d+$/, `:${crossing.port}`);
      return { runs: 600, amqp, after: () => crossing.close(), ...of(crossing) };
    },
    sound({ repeated: 0 }),
  );

/** Bytes get lost that way until the connections are given up: how many of them. */
async function swallow(crossing: Crossing, ...ways: readonly Way[]): Promise<number> {
  crossing.swallow(...ways);
  await setTimeout(BEYOND_HEARTBEATS);
  crossing.pass();
  return 1;
}

export const NETWORK: readonly Case[] = [
  line('connections to the broker reset', (crossing) => ({
    trouble: () => Promise.resolve(crossing.reset()),
    evidence: LOST,
  })),
  line('a black hole before the broker', (crossing) => ({
    trouble: () => swallow(crossing, 'there', 'back'),
    evidence: LOST,
  })),
  line('half-open connections to the broker', (crossing) => {
    let strikes = 0;
    return { trouble: () => swallow(crossing, (strikes += 1) % 2 === 1 ? 'there' : 'back'), evidence: LOST };
  }),
  line('100 to 200 ms to the broker, each way', (crossing) => {
    crossing.lag = () => 100 + Math.random() * 100;
    let before = 0;
    return {
      trouble: () => {
        const late = crossing.held - before;
        before = crossing.held;
        return Promise.resolve(late);
      },
    };
  }),
];
