// Services on virtual time
export { type BootedServices, bootServices, RecordedHop } from './boot-services.js';
export { serviceOf, type TestOperation, type TestOperations } from './service-of.js';
export { VirtualClock } from './virtual-clock.js';

// An application while everything goes wrong
export type { Faults } from './simulator/fault-plan.js';
export { simulate, type SimulateOptions, type SimulationFailure, type SimulationReport } from './simulator/simulate.js';

// What every transport, every state store and all tokens of a cache must do
export type { ContractCase } from './contract.js';
export { coherenceContract, type CoherenceFixture } from './coherence.contract.js';
export { stateStoreContract, type StateStoreFixture } from './state.contract.js';
export { transportContract, type TransportFixture } from './transport.contract.js';
