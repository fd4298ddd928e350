import assert from 'node:assert/strict';
import { bodiesOf, never, numbered } from './stage.js';
import { transportCase } from './transport-case.js';

/** What becomes of a message that is not handled, or not yet. */
export const acknowledgementCases = [
  transportCase(
    'acknowledges when the handler is done, and no sooner: what a dead consumer had in hand goes to another',
    ['redelivery'],
    async (stage) => {
      const dying = await stage.occupied(never);
      await dying.transport.close();
      const came = await stage.listen(await stage.open());
      await stage.until(() => came.length >= 1, 'another consumer gets it');
      assert.deepEqual(came, [{ ...dying.came[0], deliveries: 2 }]);
    },
  ),
  transportCase(
    'delivers again what its handler refused, and counts how often it did',
    ['redelivery'],
    async (stage) => {
      const came = await stage.listen(await stage.open(), ({ deliveries }) => {
        if (deliveries < 4) throw new Error('Not yet.');
      });
      await stage.send(await stage.sender(), ['{}']);
      await stage.until(() => came.length >= 4, 'it is delivered four times');
      await stage.silence();
      assert.deepEqual(came.map(({ deliveries }) => deliveries), [1, 2, 3, 4]); // prettier-ignore
    },
  ),
  transportCase(
    'counts on from the deliveries that a message was published with: put back again and again, it is given up all the same',
    ['redelivery'],
    async (stage) => {
      const came = await stage.listen(await stage.open());
      const sender = await stage.sender();
      for (const delay of [0, 100]) {
        await sender.publish({
          destination: stage.destination,
          body: '{}',
          messageId: `${delay}`,
          delay,
          failedDeliveries: 3,
        });
      }
      await stage.until(() => came.length >= 2, 'both arrive');
      assert.deepEqual(came.map(({ deliveries }) => deliveries), [4, 4]); // prettier-ignore
    },
  ),
  transportCase('lets other messages pass one that is refused again and again', ['redelivery'], async (stage) => {
    const came = await stage.listen(await stage.open({ prefetch: 1 }), ({ body }) => {
      if (body === 'refused') throw new Error('Never.');
    });
    await stage.send(await stage.sender(), ['refused', ...numbered(20)]);
    await stage.until(() => numbered(20).every((body) => bodiesOf(came).includes(body)), 'the others arrive');
  }),
  transportCase('does not deliver again what was handled', ['redelivery'], async (stage) => {
    const first = await stage.open();
    const came = await stage.listen(first);
    await stage.send(await stage.sender(), numbered(5));
    await stage.until(() => came.length >= 5, 'all messages arrive');
    await stage.silence();
    await first.stop(1_000);
    await first.close();
    const later = await stage.listen(await stage.open());
    await stage.silence();
    assert.deepEqual(bodiesOf([...came, ...later]), numbered(5));
  }),
  transportCase(
    'never delivers before the delay is over, and a long delay holds up no shorter one',
    ['delay'],
    async (stage) => {
      const at = new Map<string, number>();
      await stage.listen(await stage.open(), ({ body }) => at.set(body, stage.now));
      const sender = await stage.sender();
      const sent = stage.now;
      for (const delay of [1_500, 100, 700, 101]) await stage.send(sender, [String(delay)], delay);
      await stage.send(sender, ['0']);
      await stage.until(() => at.size >= 5, 'all messages arrive');
      for (const [delay, arrived] of at) {
        assert.ok(arrived - sent >= Number(delay), `after ${delay} ms, not after ${arrived - sent}`);
      }
      const order = [...at.keys()];
      // When the last one is sent, the shortest may be over already.
      assert.deepEqual(order.filter((delay) => !['0', '101'].includes(delay)), ['100', '700', '1500']); // prettier-ignore
      assert.ok(order.indexOf('0') < order.indexOf('1500'), 'what is not held back comes before what is');
    },
  ),
  transportCase('keeps what it holds back though the sender is gone', ['delay'], async (stage) => {
    const came = await stage.listen(await stage.open());
    const sender = await stage.sender();
    await stage.send(sender, ['{}'], 300);
    await sender.close();
    await stage.until(() => came.length >= 1, 'it arrives');
  }),
];
