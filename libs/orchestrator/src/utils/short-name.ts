/** What a service, or a namespace, may be called: it stands in the names of queues, subjects and keys, and of those AMQP allows 255 bytes. */
export const SHORT_NAME = '^[A-Za-z0-9_-]{1,100}$';
