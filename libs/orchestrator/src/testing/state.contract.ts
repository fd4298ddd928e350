import { cancellingCases } from './state-contract/cancelling.js';
import { forkCases } from './state-contract/forks.js';
import { lineCases } from './state-contract/lines.js';
import type { StateCase } from './state-contract/stage.js';

export type { StateStoreFixture } from './state-contract/stage.js';

/**
 * What every `StateStore` that keeps records must do. Each case names the fault it finds; run them in any test runner:
 *
 * @example
 * for (const { name, run } of stateStoreContract) it(name, () => run({ store, pass }));
 */
export const stateStoreContract: readonly StateCase[] = [...lineCases, ...forkCases, ...cancellingCases];
