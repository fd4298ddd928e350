import { afterEach, describe, expect, it } from '@jest/globals';
import { Test } from '@nestjs/testing';
import { Transport } from '@nestjs/microservices';
import { nestTransport, OrchestratorModule, WorkflowOrchestrator } from 'nest-orchestrator';
import { rabbitmq, rabbitTopology } from 'nest-orchestrator/rabbitmq';
import { redisCache, redisState } from 'nest-orchestrator/redis';

/** What is given wrongly is an error that says so, at once, and tells no password. */

const SECRET = 's3cr3t-pass';
const URL_OF = `redis://app:${SECRET}@host:6379/0`;
const wrong = (options: object) => () =>
  Test.createTestingModule({ imports: [OrchestratorModule.forRoot({ service: 'shop', ...options })] }).compile();
/** As JavaScript calls it. */
const called =
  (make: (...given: never[]) => unknown, ...given: readonly unknown[]): (() => unknown) =>
  () =>
    make(...(given as never[]));
/** What is wrong with an option may be told when the module makes what it defines. */
const created = (make: () => { create: (of: never) => unknown }) => () =>
  make().create({ service: 's', namespace: 'n' } as never);

const CASES: readonly (readonly [string, () => unknown, RegExp])[] = [
  ['a state that is a url', wrong({ state: URL_OF }), /state/],
  ['a transport that is a url', wrong({ transport: `amqp://app:${SECRET}@host` }), /transport/],
  ['a cache that is a url', wrong({ cache: URL_OF }), /cache/],
  ['a url in the cache', wrong({ cache: { url: URL_OF } }), /url/],
  ['tokens that are a url', wrong({ cache: { coherence: URL_OF } }), /coherence/],
  ['a long name', wrong({ service: 'x'.repeat(101) }), /at most 100 letters/],
  ['nothing for rabbitmq', called(rabbitmq), /rabbitmq: the options must be an object.+\(got nothing\)/],
  ['null for rabbitmq', called(rabbitmq, null), /\(got null\)/],
  ['a url for rabbitmq', called(rabbitmq, `amqp://app:${SECRET}@host`), /rabbitmq: the options must be an object/],
  ['tls that is none', called(rabbitmq, { urls: 'amqp://host', tls: 'text' }), /tls/],
  ['a name for rabbitTopology', called(rabbitTopology, 'orders'), /list of names.+\(got "orders"\)/],
  ['a name that none can have', called(rabbitTopology, ['a b/c']), /\(got "a b\/c"\)/],
  ['nothing for redisState', created(() => redisState(undefined as never)), /redisState: the options must be an object/],
  ['a url for redisState', created(() => redisState(URL_OF as never)), /redisState: the options must be an object/],
  ['an unknown option of redisState', created(() => redisState({ url: URL_OF, urls: 1 } as never)), /no option "urls"/],
  ['options that are a text', created(() => redisState({ url: URL_OF, options: 'text' } as never)), /options must be an object/],
  ['a cluster that is a text', created(() => redisState({ cluster: URL_OF } as never)), /cluster must be a list/],
  ['a cluster and a url', created(() => redisState({ url: URL_OF, cluster: ['a'] })), /not both/],
  ['sentinels without a name', created(() => redisState({ options: { sentinels: [{ host: 'a' }] } })), /options\.name/],
  ['a database that is none', created(() => redisState({ url: 'redis://host/abc' })), /database must be a number/],
  ['a database of the options', created(() => redisState({ options: { db: 'x' as never } })), /database must be a number/],
  ['nothing for redisCache', called(redisCache), /redisCache: the options must be an object/],
  ['an unknown option of redisCache', called(redisCache, { url: URL_OF, ttl: 5 }), /no option "ttl"/],
  ['entries that are a text', called(redisCache, { url: URL_OF, entries: 'no' }), /entries must be true or false/],
  ['a connection that is a text', called(redisCache, { url: URL_OF, redis: 'text' }), /redis must be an object/],
  ['sentinels of the cache without a name', called(redisCache, { redis: { sentinels: [{ host: 'a' }] } }), /redis\.name/],
  ['a database of the cache that is none', called(redisCache, { url: 'redis://host/abc' }), /database must be a number/],
  ['a transport of Nest that is a url', called(nestTransport, { transport: URL_OF }), /transport must be/],
  ['an unknown option of nestTransport', called(nestTransport, { transport: Transport.NATS, url: URL_OF }), /no option "url"/],
  ['a queue that is a text', called(nestTransport, { transport: Transport.RMQ, options: { noAck: false, queueOptions: 'x' } }), /queueOptions must be an object/],
]; // prettier-ignore

describe('a mistake in the options', () => {
  it.each(CASES)('is told: %s', async (_, make, message) => {
    let told: { readonly code?: string; readonly message?: string } = {};
    try {
      await make();
    } catch (error) {
      told = error as Error;
    }
    expect(told.code).toBe('CONFIGURATION_INVALID');
    expect(told.message).toMatch(message);
    expect(told.message).not.toContain(SECRET);
  });
});

describe('a mistake in what a run is asked for', () => {
  let close: (() => Promise<void>) | undefined;
  afterEach(() => close?.());

  it('is told', async () => {
    const module = await Test.createTestingModule({ imports: [OrchestratorModule.forRoot({ service: 's' })] }).compile();
    close = () => module.close();
    const orchestrator = module.get(WorkflowOrchestrator, { strict: false });
    const refused = (asked: Promise<unknown>, why: RegExp) =>
      expect(asked).rejects.toMatchObject({ code: 'ARGUMENT_INVALID', message: expect.stringMatching(why) });
    await refused(orchestrator.requeue('r', { form: 'x' } as object), /requeue: there is no option "form".+"from"/);
    await refused(orchestrator.result('r', { timeuot: 1 } as object), /result: there is no option "timeuot".+"timeout"/);
    await refused(orchestrator.requeue(null as never), /requeue/);
  }); // prettier-ignore
});
