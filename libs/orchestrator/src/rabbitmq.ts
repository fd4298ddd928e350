// Configure
export { rabbitmq } from './transports/rabbitmq/rabbitmq.js';
export type { DeclareMode, RabbitOptions } from './transports/rabbitmq/rabbitmq.options.js';

// Declare by hand
export { rabbitTopology } from './transports/rabbitmq/rabbitmq.js';
export type { Binding, Exchange, Queue, Topology } from './transports/rabbitmq/topology.js';
