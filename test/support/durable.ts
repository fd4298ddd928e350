import type { OrchestratorModuleOptions } from '../../libs/orchestrator/src/orchestrator.options.js';
import { MemoryStateStore } from '../../libs/orchestrator/src/state/memory/memory.store.js';
import { MemoryBroker } from '../../libs/orchestrator/src/transports/memory/memory.broker.js';
import { MemoryTransport } from '../../libs/orchestrator/src/transports/memory/memory.transport.js';
import { services } from './services.js';

/** A transport on which other processes could be, in memory. */
class DurableTransport extends MemoryTransport {
  override readonly capabilities = { durable: true, delay: true, competing: true, redelivery: true };
}

/** Options of services that other processes could share, with the broker and the store that these would share. */
export function durable(): {
  readonly broker: MemoryBroker;
  readonly store: MemoryStateStore;
  readonly options: Pick<OrchestratorModuleOptions, 'transport' | 'state' | 'cache'>;
} {
  // The test's virtual clock, which is made after these.
  const clock = {
    now: () => services.clock.now(),
    monotonic: () => services.clock.monotonic(),
    after: (ms: number, fire: () => void) => services.clock.after(ms, fire),
  };
  const broker = new MemoryBroker(clock);
  const store = new MemoryStateStore(clock);
  return {
    broker,
    store,
    options: {
      transport: { kind: 'durable', create: (service) => new DurableTransport(broker, service) },
      state: { kind: 'memory', create: () => store },
      cache: { processLocal: true },
    },
  };
}
