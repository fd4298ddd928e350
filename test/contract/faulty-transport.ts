import type { MemoryBroker } from '../../libs/orchestrator/src/transports/memory/memory.broker.js';
import type {
  MemoryTransport,
  MemoryTransportOptions,
} from '../../libs/orchestrator/src/transports/memory/memory.transport.js';

/** A transport with one fault, and how the case begins that must see it. */
export type FaultyTransport = readonly [
  fault: string,
  seenBy: string,
  type: new (broker: MemoryBroker, service: string, options?: MemoryTransportOptions) => MemoryTransport,
];
