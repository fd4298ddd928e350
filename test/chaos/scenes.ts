import { setTimeout } from 'node:timers/promises';
import type { PrivateServer } from '../../scripts/private-servers.mjs';
import type { play, Scene } from './scene.js';

export type Played = Awaited<ReturnType<typeof play>>;

/** A scene, and what is wrong with what it came to. */
export interface Case {
  readonly name: string;
  readonly scene: (servers: { readonly broker: PrivateServer; readonly redis: PrivateServer }) => Scene;
  readonly problems: (played: Played) => string[];
}

/** Nothing is lost, split, wrong, failed or left over; effects repeat only where a process died before their record. */
function sound(played: Played, { failed = 0, repeated = Infinity } = {}): string[] {
  const { lost, split, wrong, unexplained, left } = played;
  return Object.entries({ lost, split, wrong, unexplained, left })
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${count} ${name}`)
    .concat(played.failed === failed ? [] : [`${played.failed} failed, not ${failed}`])
    .concat(played.repeated <= repeated ? [] : [`${played.repeated} repeated, not ${repeated}`]);
}

/** A control: the faults must show, or the checks see nothing. */
const mustShow =
  (...columns: readonly ('lost' | 'split' | 'repeated')[]) =>
  (played: Played): string[] =>
    columns.some((column) => played[column] > 0) ? [] : [`a control in which nothing is ${columns.join(' or ')}`];

const POISONED = 3;

/** Those of the pipeline. */
export const SMOKE: readonly Case[] = [
  {
    name: 'kill -9 of workers',
    scene: () => ({
      name: 'kill',
      runs: 300,
      trouble: ({ workers }) => workers.strike('SIGKILL'),
    }),
    problems: (played) => sound(played),
  },
  {
    name: 'every message doubled',
    scene: () => ({ name: 'doubled', runs: 300, setting: { doubled: true } }),
    problems: (played) => sound(played, { repeated: 0 }),
  },
  {
    name: 'SIGTERM of workers',
    scene: () => ({ name: 'term', runs: 200, trouble: ({ workers }) => workers.strike('SIGTERM') }),
    problems: (played) => sound(played, { repeated: 0 }),
  },
  {
    name: `${POISONED} poison messages, 40 malformed`,
    scene: () => ({
      name: 'poison',
      runs: 150,
      kindOf: (n) => (n % 50 === 25 ? 'poison' : n % 2 === 0 ? 'chain' : 'fork'),
      before: async ({ terminals }) => {
        for (let n = 0; n < 40; n += 1) await terminals.send('stock.workflow', MALFORMED[n % MALFORMED.length] ?? '', `malformed-${n}`); // prettier-ignore
      },
    }),
    problems: (played: Played): string[] => {
      const failed = played.terminals.seen.filter(({ topic }) => topic === 'workflow.failed');
      const poison = new Set(
        failed.filter(({ body }) => body.includes('POISON_MESSAGE')).map(({ messageId }) => messageId),
      );
      const refused = new Set(failed.map(({ messageId }) => messageId).filter((id) => id.includes('malformed')));
      return [
        ...sound(played),
        ...(poison.size === POISONED ? [] : [`${poison.size} poisoned, not ${POISONED}`]),
        ...(refused.size === 40 ? [] : [`${refused.size} malformed messages told, not 40`]),
      ];
    },
  },
  {
    name: 'control: acknowledged before it is handled, killed',
    scene: () => ({
      name: 'early',
      runs: 300,
      kindOf: () => 'chain',
      pause: 100,
      patience: 15_000, // some are lost, that is the point
      setting: { early: true },
      trouble: ({ workers }) => workers.strike('SIGKILL'),
    }),
    problems: mustShow('lost'),
  },
];

const MALFORMED = ['', '{', 'null', '[]', '{"cookbook":1}', '\u0000', '{"workflow_id":"x"}', '"text"'];

/** Those of `npm run chaos` beside. */
export const FULL: readonly Case[] = [
  {
    name: 'kill -9 of workers, many',
    scene: () => ({ name: 'kill many', runs: 3_000, trouble: ({ workers }) => workers.strike('SIGKILL') }),
    problems: (played) => sound(played),
  },
  {
    name: 'SIGTERM of workers, many',
    scene: () => ({ name: 'term many', runs: 600, trouble: ({ workers }) => workers.strike('SIGTERM') }),
    problems: (played) => sound(played, { repeated: 0 }),
  },
  {
    name: 'broker restarted',
    scene: ({ broker }) => ({ name: 'broker', runs: 2_000, pause: 8_000, trouble: () => again(broker, 'SIGTERM') }),
    problems: (played) => sound(played, { repeated: 0 }),
  },
  {
    name: 'broker killed',
    scene: ({ broker }) => ({
      name: 'broker killed',
      runs: 3_000,
      pause: 8_000,
      trouble: () => again(broker, 'SIGKILL'),
    }),
    problems: (played) => sound(played, { repeated: 0 }),
  },
  {
    name: 'Redis killed, and back with its data',
    scene: ({ redis }) => ({ name: 'redis', runs: 1_000, pause: 4_000, trouble: () => again(redis, 'SIGKILL') }),
    problems: (played) => sound(played),
  },
  {
    name: 'Redis stands still for two seconds',
    scene: ({ redis }) => ({ name: 'redis stands', runs: 1_000, pause: 3_000, trouble: () => pause(redis, 2_000) }),
    problems: (played) => sound(played, { repeated: 0 }),
  },
  {
    name: 'workers, broker and Redis killed in turn',
    scene: ({ broker, redis }) => ({
      name: 'mixed',
      runs: 2_000,
      pause: 3_000,
      trouble: async ({ workers }) => {
        const dice = Math.random();
        if (dice < 0.6) await workers.strike('SIGKILL');
        else if (dice < 0.8) await again(redis, 'SIGKILL');
        else await again(broker, 'SIGKILL');
      },
    }),
    problems: (played) => sound(played),
  },
  {
    name: 'control: without records, killed',
    scene: () => ({
      name: 'unrecorded',
      runs: 1_000,
      unrecorded: true,
      kindOf: () => 'chain',
      trouble: ({ workers }) => workers.strike('SIGKILL'),
    }),
    problems: (played) => [
      ...(played.lost > 0 ? [`${played.lost} lost`] : []),
      ...mustShow('split', 'repeated')(played),
    ],
  },
];

async function again(server: PrivateServer, signal: NodeJS.Signals): Promise<void> {
  await server.stop(signal);
  await server.restart();
}

async function pause(server: PrivateServer, ms: number): Promise<void> {
  process.kill(server.pid, 'SIGSTOP');
  await setTimeout(ms);
  process.kill(server.pid, 'SIGCONT');
}
