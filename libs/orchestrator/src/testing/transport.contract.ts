import type { TransportCapabilities } from '../transports/workflow.transport.js';
import type { ContractCase } from './contract.js';
import { acknowledgementCases } from './transport-contract/acknowledgement.js';
import { closingCases } from './transport-contract/closing.js';
import { deliveryCases } from './transport-contract/delivery.js';
import { type TransportFixture, TransportStage } from './transport-contract/stage.js';
import { keepingCases } from './transport-contract/keeping.js';
import { stoppingCases } from './transport-contract/stopping.js';

export type { TransportFixture };

/**
 * What every {@link WorkflowTransport} with these capabilities must do. Each case names what it would catch; run them in
 * any test runner, each with a fixture of its own:
 *
 * @example
 * for (const { name, run } of transportContract(transport.capabilities)) it(name, () => run(fixture()));
 */
export function transportContract(capabilities: TransportCapabilities): readonly ContractCase<TransportFixture>[] {
  return [...deliveryCases, ...acknowledgementCases, ...stoppingCases, ...closingCases, ...keepingCases]
    .filter(({ needs }) => needs.every((capability) => capabilities[capability]))
    .map(({ name, act }) => ({
      name,
      run: async (fixture) => {
        const stage = new TransportStage(fixture);
        try {
          await act(stage);
        } finally {
          await stage.end();
        }
      },
    }));
}
