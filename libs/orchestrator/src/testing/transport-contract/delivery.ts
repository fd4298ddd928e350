import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { UnroutableError } from '../../errors/unroutable.error.js';
import { COMPLETED, workflowOf } from '../../transports/destinations.js';
import { bodiesOf, gate, never, numbered } from './stage.js';
import { transportCase } from './transport-case.js';

/** Who gets which message, and in which order. */
export const deliveryCases = [
  transportCase(
    'delivers texts and ids as they are: any characters, and as long as a message may be',
    [],
    async (stage) => {
      const bodies = ['{}', '{"a":"\\u0000\\ud800 \\"\\\\"}', 'ä€😀\u2028\r\n\t', 'é😀'.repeat(170_000)];
      const came = await stage.listen(await stage.open());
      const ids = await stage.send(await stage.sender(), bodies);
      await stage.until(() => came.length >= bodies.length, 'all texts arrive');
      assert.deepEqual(came, bodies.map((body, i) => ({ body, messageId: ids[i], deliveries: 1 }))); // prettier-ignore
    },
  ),
  transportCase(
    'starts messages in the order in which they were accepted, as long as none fails',
    [],
    async (stage) => {
      const came = await stage.listen(await stage.open(), () => setImmediate());
      await stage.send(await stage.sender(), numbered(200));
      await stage.until(() => came.length >= 200, 'all messages arrive');
      assert.deepEqual(bodiesOf(came), numbered(200));
    },
  ),
  transportCase(
    'has accepted a message once publish resolves: it arrives though its sender is gone, and nobody listened yet',
    ['redelivery'],
    async (stage) => {
      const receiver = await stage.open();
      const sender = await stage.sender();
      await stage.send(sender, numbered(3));
      await sender.close();
      const came = await stage.listen(receiver);
      await stage.until(() => came.length >= 3, 'what was accepted arrives');
      assert.deepEqual(bodiesOf(came), numbered(3));
    },
  ),
  transportCase('gives each message to one of the consumers of its destination', ['competing'], async (stage) => {
    const first = await stage.listen(await stage.open());
    const second = await stage.listen(await stage.open());
    await stage.send(await stage.sender(), numbered(100));
    await stage.until(() => first.length + second.length >= 100, 'all messages arrive');
    await stage.silence();
    assert.deepEqual(bodiesOf([...first, ...second]).sort(), numbered(100).sort());
  }),
  transportCase('gives a message to whichever consumer has room', ['competing', 'redelivery'], async (stage) => {
    const first = await stage.listen(await stage.open({ prefetch: 1 }), never);
    const second = await stage.listen(await stage.open({ prefetch: 1 }), never);
    await stage.send(await stage.sender(), numbered(2));
    await stage.until(() => first.length === 1 && second.length === 1, 'both consumers have a message');
  }),
  transportCase('hands a consumer no more messages at once than its prefetch', ['redelivery'], async (stage) => {
    const hold = gate();
    const came = await stage.listen(await stage.open({ prefetch: 3 }), () => hold.opened);
    await stage.send(await stage.sender(), numbered(10));
    await stage.until(() => came.length >= 3, 'the first messages arrive');
    await stage.silence();
    assert.equal(came.length, 3);
    hold.open();
    await stage.until(() => came.length >= 10, 'the others follow');
  }),
  transportCase('refuses a message for a service that does not exist', [], async (stage) => {
    const destination = workflowOf(`${stage.service}-nobody`);
    const sending = (await stage.open()).publish({ destination, body: '{}', messageId: '1' });
    await assert.rejects(sending, (error) => error instanceof UnroutableError && error.destination === destination);
  }),
  transportCase('takes what is sent to a topic that nobody listens to', [], async (stage) => {
    await (await stage.open()).publish({ destination: COMPLETED, body: '{}', messageId: stage.service });
  }),
  transportCase('delivers what is sent to a topic to each service that listens', [], async (stage) => {
    const came: string[] = [];
    for (const service of ['a', 'b']) {
      const transport = await stage.open({}, `${stage.service}-${service}`);
      await transport.consume(COMPLETED, ({ messageId }) => {
        if (messageId === stage.service) came.push(service);
        return Promise.resolve();
      });
    }
    await (await stage.sender()).publish({ destination: COMPLETED, body: '{}', messageId: stage.service });
    await stage.until(() => came.length >= 2, 'both have it');
    await stage.silence();
    assert.deepEqual(came.sort(), ['a', 'b']);
  }),
];
