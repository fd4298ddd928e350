/** Everything durable. */
export interface Exchange {
  readonly name: string;
  readonly type: 'topic' | 'fanout';
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** Durable, never deleted by itself. */
export interface Queue {
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** Lets messages of an exchange go on to a queue, or to another exchange. */
export interface Binding {
  readonly source: string;
  readonly destination: string;
  readonly to: 'queue' | 'exchange';
  readonly key: string;
}

/** Exchanges, queues and bindings, in the order in which they can be declared. */
export interface Topology {
  readonly exchanges: readonly Exchange[];
  readonly queues: readonly Queue[];
  readonly bindings: readonly Binding[];
}
