import { type Case, control, doubles, mustShow, runs, sound, soundDoubled } from '../case.js';
import { kill, terminate } from '../faults.js';
import { alternately, CHAIN, POISON } from '../runs.js';
import { FACTORS, SIZED } from '../sizes.js';

const POISONED = 3;
const MALFORMED = ['', '{', 'null', '[]', '{"cookbook":1}', '\u0000', '{"workflow_id":"x"}', '"text"'];

/** Those of the pipeline. */
export const SMOKE: readonly Case[] = [
  runs('kill -9 of workers', () => ({ runs: 300, trouble: kill })),
  runs(
    'every message doubled',
    () => ({ runs: 300, setting: { doubled: true } }),
    soundDoubled,
    (played) => ({ strikes: doubles(played) }),
  ),
  runs('SIGTERM of workers', () => ({ runs: 200, trouble: terminate }), sound({ repeated: 0 })),
  runs(
    `${POISONED} poison messages, 40 malformed`,
    () => ({
      runs: 150,
      runOf: (n) => (n % 50 === 25 ? POISON : alternately(n)),
      before: async ({ terminals }) => {
        for (let n = 0; n < 40; n += 1) await terminals.send('stock.workflow', MALFORMED[n % MALFORMED.length] ?? '', `malformed-${n}`); // prettier-ignore
      },
    }),
    (played) => {
      const { seen } = played.terminals;
      const told = new Set(seen.map(({ messageId }) => messageId).filter((id) => id.includes('malformed'))).size;
      return [
        ...sound({ refused: POISONED })(played),
        ...(told === 40 ? [] : [`${told} malformed messages told, not 40`]),
      ];
    },
  ),
  runs(
    `sizes ${FACTORS.join(', ')} of each limit, and others`,
    () => ({
      runs: 2 * SIZED.length,
      runOf: (n) => (n % 2 === 0 ? alternately(n / 2) : (SIZED[(n - 1) / 2] ?? CHAIN)),
    }),
    sound({ refused: SIZED.length / FACTORS.length, repeated: 0 }),
  ),
  control(
    'control: acknowledged before it is handled, killed',
    () => ({
      runs: 300,
      runOf: () => CHAIN,
      pause: 2_000, // by then many are under way
      patience: 15_000, // some are lost, that is the point
      setting: { early: true, slow: true },
      trouble: kill,
    }),
    mustShow('lost'),
  ),
];
