import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { bodiesOf, gate, numbered } from './stage.js';
import { transportCase } from './transport-case.js';

/** What a service that goes leaves behind. */
export const closingCases = [
  transportCase('waits at close for what is in flight, and delivers nothing more', [], async (stage) => {
    const hold = gate();
    const order: string[] = [];
    const transport = await stage.open({ prefetch: 1 });
    const came = await stage.listen(transport, () => hold.opened.then(() => order.push('handled')));
    await stage.send(await stage.sender(), ['{}']);
    await stage.until(() => came.length === 1, 'the message arrives');
    const closing = transport.close(60_000).then(() => order.push('closed'));
    await stage.silence();
    await stage.send(await stage.sender(), ['{}']);
    hold.open();
    await closing;
    await stage.silence();
    assert.deepEqual(order, ['handled', 'closed']);
    assert.equal(came.length, 1);
  }),
  transportCase('accepts while it closes what a handler in flight still has to send', ['redelivery'], async (stage) => {
    const transport = await stage.open();
    const closing = gate();
    const had = await stage.listen(transport, ({ body }) =>
      closing.opened.then(() => stage.send(transport, [`after ${body}`])),
    );
    await stage.send(await stage.sender(), ['first']);
    await stage.until(() => had.length === 1, 'the message arrives');
    const closed = transport.close(60_000);
    closing.open();
    await closed;
    const came = await stage.listen(await stage.open());
    await stage.until(() => came.length >= 1, 'what it sent arrives');
    assert.deepEqual(bodiesOf(came), ['after first']);
  }),
  transportCase(
    'loses nothing and repeats nothing when one of two consumers closes under load',
    ['competing', 'redelivery'],
    async (stage) => {
      const handled: string[] = [];
      const handle = async ({ body }: { readonly body: string }): Promise<void> => {
        await setImmediate();
        handled.push(body);
      };
      const closing = await stage.open({ prefetch: 3 });
      await stage.listen(closing, handle);
      await stage.listen(await stage.open({ prefetch: 3 }), handle);
      const sender = await stage.sender();
      await stage.send(sender, numbered(300).slice(0, 100));
      await Promise.all([closing.close(60_000), stage.send(sender, numbered(300).slice(100))]);
      await stage.until(() => handled.length >= 300, 'all messages are handled');
      await stage.silence();
      assert.deepEqual(handled.sort(), numbered(300).sort());
    },
  ),
  transportCase('takes nothing once it is closed, so that nothing is lost silently', [], async (stage) => {
    const transport = await stage.open();
    await transport.close(0);
    await transport.close(0);
    await assert.rejects(stage.send(transport, ['{}']));
  }),
];
