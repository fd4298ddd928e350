import { type Case, control, doubles, forgetting, mustShow, runs, sound, soundDoubled } from '../case.js';
import { again, forget, forgetAll, kill, pause, terminate } from '../faults.js';
import { CHAIN, FORK } from '../runs.js';
import type { Scene } from '../scene.js';

/** Processes and servers that are killed, for longer than the pipeline has time. */
export const FULL: readonly Case[] = [
  runs('kill -9 of workers, many', () => ({ runs: 3_000, trouble: kill })),
  runs('SIGTERM of workers, many', () => ({ runs: 600, trouble: terminate }), sound({ repeated: 0 })),
  runs(
    'every message doubled, many',
    () => ({ runs: 1_000, setting: { doubled: true } }),
    soundDoubled,
    (played) => ({ strikes: doubles(played) }),
  ),
  runs(
    'broker restarted',
    ({ broker }) => ({ runs: 2_000, pause: 8_000, trouble: () => again(broker, 'SIGTERM') }),
    sound({ repeated: 0 }),
  ),
  runs(
    'broker killed',
    ({ broker }) => ({ runs: 3_000, pause: 8_000, trouble: () => again(broker, 'SIGKILL') }),
    sound({ repeated: 0 }),
  ),
  runs('Redis killed, and back with its data', ({ redis }) => ({
    runs: 1_000,
    pause: 4_000,
    trouble: () => again(redis, 'SIGKILL'),
  })),
  forgetting('Redis killed, and back without its newest writes', ({ redis }) => ({
    runs: 1_000,
    pause: 2_000,
    trouble: () => forget(redis, 64_000),
  })),
  forgetting('Redis killed, and back empty', ({ redis }) => ({
    runs: 1_000,
    pause: 2_000,
    trouble: () => forgetAll(redis),
  })),
  runs(
    'Redis stands still for two seconds',
    ({ redis }) => ({ runs: 1_000, pause: 3_000, trouble: () => pause(redis, 2_000) }),
    sound({ repeated: 0 }),
  ),
  runs('workers, broker and Redis killed in turn', ({ broker, redis }): Scene => ({
    runs: 2_000,
    pause: 3_000,
    trouble: (trouble) => {
      const dice = Math.random();
      if (dice < 0.6) return kill(trouble);
      return again(dice < 0.8 ? redis : broker, 'SIGKILL');
    },
  })),
  control(
    'control: without records, killed',
    () => ({ runs: 1_000, unrecorded: true, runOf: () => CHAIN, setting: { slow: true }, trouble: kill }),
    (played) => [...(played.lost > 0 ? [`${played.lost} lost`] : []), ...mustShow('split', 'unexplained')(played)],
  ),
  control(
    'control: parts that have ended do not wait, Redis back empty',
    ({ redis }) => ({
      runs: 300,
      runOf: () => FORK,
      pause: 2_000,
      patience: 15_000, // some are lost, that is the point
      setting: { unwaiting: true, slow: true },
      trouble: () => forgetAll(redis),
    }),
    mustShow('lost'),
  ),
];
