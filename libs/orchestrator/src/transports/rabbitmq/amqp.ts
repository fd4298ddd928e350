/** What is used of a connection of `amqplib`, for files that the root of the package reaches: not every user installs it. */
export interface AmqpConnection {
  once(event: 'close', listener: () => void): unknown;
  close(): Promise<unknown>;
  createChannel(): Promise<AmqpChannel>;
}

/** See `Channel` of `amqplib`. */
export interface AmqpChannel {
  on(event: 'error' | 'close', listener: (error?: unknown) => void): unknown;
  once(event: 'close', listener: () => void): unknown;
  close(): Promise<unknown>;
  assertExchange(name: string, type: string, options: { readonly durable: boolean }): Promise<unknown>;
  assertQueue(name: string, options: object): Promise<unknown>;
  bindQueue(queue: string, exchange: string, key: string): Promise<unknown>;
  checkQueue(name: string): Promise<unknown>;
  deleteQueue(name: string): Promise<unknown>;
  get(queue: string): Promise<AmqpMessage | false>;
  consume(queue: string, handler: (message: AmqpMessage | null) => void, options?: object): Promise<unknown>;
  cancel(consumerTag: string): Promise<unknown>;
  ack(message: AmqpMessage): void;
  nack(message: AmqpMessage, allUpTo: boolean, requeue: boolean): void;
  nackAll(requeue: boolean): void;
}

/** See `ConsumeMessage` and `GetMessage` of `amqplib`. */
export interface AmqpMessage {
  readonly content: Buffer;
  readonly fields: { readonly redelivered: boolean; readonly routingKey: string };
  readonly properties: { readonly messageId?: string; readonly headers?: unknown };
}
