import type { TransportCapabilities } from '../../transports/workflow.transport.js';
import type { TransportStage } from './stage.js';

/** One thing that a transport promises. */
export interface TransportCase {
  readonly name: string;
  readonly needs: readonly (keyof TransportCapabilities)[];
  readonly act: (stage: TransportStage) => Promise<void>;
}

/** @param needs capabilities without which a transport promises nothing of the kind */
export const transportCase = (
  name: string,
  needs: TransportCase['needs'],
  act: TransportCase['act'],
): TransportCase => ({ name, needs, act });
