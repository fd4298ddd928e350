import Sequencer from '@jest/test-sequencer';

/** Specs of a minute or so. Nothing is to wait for one of them at the end. */
const LONG = [
  'e2e/chaos',
  'simulator/settings',
  'integration/generated-cookbooks',
  'model/step-cache',
  'simulator/boundaries',
  'e2e/hosts',
  'e2e/demo-rabbitmq',
];

/** The order in which specs begin: the long ones, those that mostly wait for servers, and all that compute. */
export default class LongestFirst extends Sequencer {
  sort(tests) {
    const rank = ({ path }) => {
      const at = LONG.findIndex((name) => path.endsWith(`test/${name}.spec.ts`));
      if (at >= 0) return at;
      return path.includes('/test/e2e/') ? LONG.length : LONG.length + 1;
    };
    return super.sort(tests).sort((one, other) => rank(one) - rank(other));
  }
}
