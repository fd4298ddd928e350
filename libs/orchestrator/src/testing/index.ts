// Services on virtual time
export { type BootedServices, bootServices, RecordedHop } from './boot-services.js';
export { serviceOf, type TestOperation, type TestOperations } from './service-of.js';
export { VirtualClock } from './virtual-clock.js';

// What every transport and every state store must do
export type { ContractCase } from './contract.js';
export { stateStoreContract, type StateStoreFixture } from './state.contract.js';
export { transportContract, type TransportFixture } from './transport.contract.js';
