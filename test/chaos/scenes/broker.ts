import { type Case, runs, sound } from '../case.js';
import { cancelConsumers, failChannels, refusePublishing } from '../faults.js';

/** What a broker does beside dying. */
export const BROKER: readonly Case[] = [
  runs(
    'consumers cancelled by the broker',
    ({ broker }) => ({ runs: 300, trouble: () => cancelConsumers(broker), evidence: /cancelled by the broker/ }),
    sound({ repeated: 0 }),
  ),
  runs(
    'channels closed by the broker with an error',
    ({ broker }) => ({ runs: 300, trouble: () => failChannels(broker), evidence: /unknown delivery tag/ }),
    sound({ repeated: 0 }),
  ),
  runs(
    'a queue that refuses what is published',
    ({ broker }) => ({
      runs: 100,
      workers: 1,
      setting: { prefetch: 1, slow: true }, // a queue refuses only beside what waits there
      trouble: () => refusePublishing(broker, 'stock[.]workflow', 3_000),
      evidence: /message nacked/,
    }),
    sound({ repeated: 0 }),
  ),
  runs(
    'a service that is not there for ten seconds',
    () => {
      let came = false;
      return {
        runs: 200,
        setting: { services: ['stock', 'payments'] },
        before: async ({ terminals }) => {
          for (const queue of ['orders.workflow', 'orders.workflow.solo', 'orders.dead']) await terminals.drop(queue);
        },
        pause: 10_000,
        trouble: async ({ workers, terminals }) => {
          if (came || terminals.seen.length > 0) return 0;
          came = true;
          await workers.add({ services: ['orders'] });
          return 1;
        },
        evidence: /^orders\.workflow: UnroutableError/,
      };
    },
    sound({ repeated: 0 }),
  ),
];
