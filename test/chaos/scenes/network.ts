import { setTimeout } from 'node:timers/promises';
import { Crossing, type Way } from '../../support/redis/crossing.js';
import { type Case, runs, sound } from '../case.js';
import type { Scene } from '../scene.js';

/** Milliseconds after which both ends have given up a connection that is dead: three heartbeats. */
const BEYOND_HEARTBEATS = 16_000;
/** Milliseconds in which all is well again: who was about to connect in vain gives that up after ten seconds. */
const WELL = 25_000;
/** Milliseconds after which runs are under way. */
const SOON = 5_000;
const LOST = /the connection to .+ is lost/;

/** A line between the workers and the broker that is bad. */
const line = (name: string, of: (crossing: Crossing) => Pick<Scene, 'trouble' | 'evidence' | 'pause'>): Case =>
  runs(
    name,
    async ({ broker }) => {
      const crossing = await Crossing.to(broker.port);
      const amqp = broker.url.replace(/:\d+$/, `:${crossing.port}`);
      return { runs: 600, amqp, after: () => crossing.close(), ...of(crossing) };
    },
    sound({ repeated: 0 }),
  );

/** Bytes get lost, that way or both, until all connections are given up. */
const swallowing =
  (...ways: readonly Way[]) =>
  (crossing: Crossing): ReturnType<Parameters<typeof line>[1]> => ({
    pause: SOON,
    trouble: async () => {
      crossing.swallow(...ways);
      await setTimeout(BEYOND_HEARTBEATS);
      crossing.pass();
      await setTimeout(WELL);
      return 1;
    },
    evidence: LOST,
  });

export const NETWORK: readonly Case[] = [
  line('connections to the broker reset', (crossing) => ({
    trouble: () => Promise.resolve(crossing.reset()),
    evidence: LOST,
  })),
  line('a black hole before the broker', swallowing('there', 'back')),
  line('half-open connections: the broker hears nothing', swallowing('there')),
  line('half-open connections: the workers hear nothing', swallowing('back')),
  line('100 to 200 ms to the broker, each way', (crossing) => {
    let before = 0;
    return {
      trouble: () => {
        crossing.lag = () => 100 + Math.random() * 100; // once the workers are up: they declare a hundred things one by one
        const late = crossing.held - before;
        before = crossing.held;
        return Promise.resolve(late);
      },
    };
  }),
];
