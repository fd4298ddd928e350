import assert from 'node:assert/strict';
import { deadOf, FAILED } from '../../transports/destinations.js';
import type { IncomingMessage } from '../../transports/workflow.transport.js';
import { transportCase } from './transport-case.js';

/** What becomes of messages that nobody handles, and of those that are kept to be looked at. */
export const keepingCases = [
  transportCase(
    'gives up a message that is refused again and again: once, whole, to the dead letters of its service',
    ['redelivery'],
    async (stage) => {
      const transport = await stage.open();
      const dead: IncomingMessage[] = [];
      await transport.consume(deadOf(stage.service), (message) => Promise.resolve(void dead.push(message)));
      const came = await stage.listen(transport, ({ body }) => {
        if (body === 'poison') throw new Error('Never.');
      });
      const [messageId] = await stage.send(await stage.sender(), ['poison', 'good']);
      await stage.until(() => dead.length > 0, 'it is given up');
      await stage.silence();
      assert.deepEqual(dead.map(({ body }) => body), ['poison']); // prettier-ignore
      assert.equal(dead[0]?.messageId, messageId);
      assert.equal(came.filter(({ body }) => body === 'good').length, 1);
    },
  ),
  transportCase('lets an undertaker that refuses a dead letter have it again: nothing gives that up', ['redelivery'], async (stage) => {
    const transport = await stage.open();
    let asked = 0;
    await transport.consume(deadOf(stage.service), () => {
      if ((asked += 1) <= 5) throw new Error('Not now.');
      return Promise.resolve();
    });
    await stage.listen(transport, () => Promise.reject(new Error('Never.')));
    await stage.send(await stage.sender(), ['poison']);
    await stage.until(() => asked === 6, 'it is handled at last');
  }), // prettier-ignore
  transportCase('shows what went to workflow.failed to whoever comes to look, until it is taken away', ['redelivery'], async (stage) => {
    const transport = await stage.open();
    const ids = ['1', '2'].map((n) => `${stage.service}:${n}:failed`);
    for (const messageId of ids) await transport.publish({ destination: FAILED, body: `{"of":"${messageId}"}`, messageId });
    const seen = async (): Promise<string[]> =>
      (await transport.browse(FAILED)).map(({ messageId }) => messageId).filter((id) => ids.includes(id));
    assert.deepEqual(await seen(), ids);
    assert.deepEqual(await seen(), ids, 'looking takes nothing away');
    const kept = await transport.browse(FAILED);
    assert.equal(kept.find(({ messageId }) => messageId === ids[0])?.body, `{"of":"${ids[0]}"}`);
    await transport.remove(FAILED, ids[0] ?? '');
    assert.deepEqual(await seen(), [ids[1]]);
    await transport.remove(FAILED, 'never there');
    assert.deepEqual(await seen(), [ids[1]]);
  }), // prettier-ignore
];
