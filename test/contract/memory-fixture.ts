import type { TransportFixture } from '../../libs/orchestrator/src/testing/transport.contract.js';
import { VirtualClock } from '../../libs/orchestrator/src/testing/virtual-clock.js';
import { MemoryBroker } from '../../libs/orchestrator/src/transports/memory/memory.broker.js';
import { MemoryTransport } from '../../libs/orchestrator/src/transports/memory/memory.transport.js';

/** A new broker in virtual time, and transports of that class. */
export function memoryFixture(type = MemoryTransport): TransportFixture {
  const clock = new VirtualClock();
  const broker = new MemoryBroker(clock);
  return {
    open: (service, options) => new type(broker, service, options),
    now: () => clock.now(),
    pass: (ms) => clock.advance(ms),
  };
}
