// Configure
export { rabbitmq } from './rabbitmq.js';
export type { DeclareMode, RabbitOptions } from './rabbitmq.options.js';

// Declare by hand
export { rabbitTopology } from './rabbitmq.js';
export type { Binding, Exchange, Queue, Topology } from './topology.js';
