import assert from 'node:assert/strict';
import { bodiesOf, gate } from './stage.js';
import { transportCase } from './transport-case.js';

/** What a service that goes still ends. */
export const stoppingCases = [
  transportCase('waits at stop for what is in flight, and delivers nothing more', [], async (stage) => {
    const hold = gate();
    const order: string[] = [];
    const { transport, came } = await stage.occupied(() => hold.opened.then(() => order.push('handled')));
    const stopping = transport.stop(60_000).then(() => order.push('stopped'));
    await stage.silence();
    await stage.sendToStopped(['{}']);
    hold.open();
    await stopping;
    await stage.silence();
    assert.deepEqual(order, ['handled', 'stopped']);
    assert.equal(came.length, 1);
  }),
  transportCase('waits at stop no longer than it may, and longer when it is asked again', [], async (stage) => {
    const hold = gate();
    const order: string[] = [];
    const { transport } = await stage.occupied(() => hold.opened.then(() => order.push('handled')));
    void transport.stop(100).then(() => order.push('stopped'));
    await stage.until(() => order.length > 0, 'the grace is over');
    const stopping = transport.stop(60_000).then(() => order.push('stopped again'));
    await stage.silence();
    hold.open();
    await stopping;
    assert.deepEqual(order, ['stopped', 'handled', 'stopped again']);
  }),
  transportCase(
    'keeps what is in flight when the grace is over: handled after it, it does not come again',
    ['redelivery'],
    async (stage) => {
      const hold = gate();
      const { transport } = await stage.occupied(() => hold.opened);
      await stage.passing(transport.stop(100), 'the grace is over');
      const elsewhere = await stage.listen(await stage.open());
      await stage.silence();
      hold.open();
      await transport.stop(60_000);
      await transport.close();
      await stage.silence();
      assert.deepEqual(elsewhere, []);
    },
  ),
  transportCase(
    'accepts while it stops, and until it is closed, what a handler in flight still has to send',
    ['redelivery'],
    async (stage) => {
      const hold = gate();
      const { transport } = await stage.occupied(() =>
        hold.opened.then(() => stage.send(transport, ['while it stops'])),
      );
      const stopping = transport.stop(60_000);
      hold.open();
      await stopping;
      await stage.send(transport, ['once it has stopped']);
      await transport.close();
      const came = await stage.listen(await stage.open());
      await stage.until(() => came.length >= 2, 'what it sent arrives');
      assert.deepEqual(bodiesOf(came), ['while it stops', 'once it has stopped']);
    },
  ),
];
