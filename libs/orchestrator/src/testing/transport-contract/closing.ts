import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { gate, numbered } from './stage.js';
import { transportCase } from './transport-case.js';

/** What a service that is gone leaves behind. */
export const closingCases = [
  transportCase(
    'gives back at close what was not acknowledged, to another and whatever its handler then comes to',
    ['redelivery'],
    async (stage) => {
      const hold = gate();
      const { transport, came } = await stage.occupied(() => hold.opened);
      await stage.passing(transport.stop(100), 'the grace is over');
      await transport.close();
      const elsewhere = await stage.listen(await stage.open());
      await stage.until(() => elsewhere.length >= 1, 'another consumer gets it');
      hold.open();
      await stage.silence();
      assert.equal(came.length, 1);
      assert.deepEqual(elsewhere, [{ ...came[0], deliveries: 2 }]);
    },
  ),
  transportCase(
    'loses nothing and repeats nothing when one of two consumers goes under load',
    ['competing', 'redelivery'],
    async (stage) => {
      const handled: string[] = [];
      const handle = async ({ body }: { readonly body: string }): Promise<void> => {
        await setImmediate();
        handled.push(body);
      };
      const going = await stage.open({ prefetch: 3 });
      await stage.listen(going, handle);
      await stage.listen(await stage.open({ prefetch: 3 }), handle);
      const sender = await stage.sender();
      await stage.send(sender, numbered(300).slice(0, 100));
      const gone = going.stop(60_000).then(() => going.close());
      await Promise.all([gone, stage.send(sender, numbered(300).slice(100))]);
      await stage.until(() => handled.length >= 300, 'all messages are handled');
      await stage.silence();
      assert.deepEqual(handled.sort(), numbered(300).sort());
    },
  ),
  transportCase('takes nothing once it is closed, so that nothing is lost silently', [], async (stage) => {
    const transport = await stage.open();
    const came = await stage.listen(transport);
    await transport.close();
    await transport.close();
    await assert.rejects(stage.send(transport, ['{}']));
    await stage.sendToStopped(['{}']);
    await stage.silence();
    assert.deepEqual(came, []);
  }),
];
