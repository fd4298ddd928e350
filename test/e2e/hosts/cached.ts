/** What the application in `shop.ts` does, as JSON. The test runs it, compiled, in plain Node: as an ES module and as CommonJS. */
import 'reflect-metadata';
import { type Cache, CACHE_MANAGER } from '@nestjs/cache-manager';
import { NestFactory } from '@nestjs/core';
import { ClientProxyFactory, Transport } from '@nestjs/microservices';
import {
  type Caller,
  getOrchestratorToken,
  getStepCacheToken,
  type StepCache,
  WorkflowFailedError,
  type WorkflowOrchestrator,
} from 'nest-orchestrator';
import { lastValueFrom } from 'rxjs';
import { AppModule, Database, type SetPriceDto } from './shop.js';

const ada: Caller = { tenantId: 'acme', personId: 'ada' };
const mallory: Caller = { tenantId: 'acme', personId: 'mallory' };

async function main(): Promise<void> {
  const app = await NestFactory.create(AppModule, { logger: false });
  const local = { host: '127.0.0.1', port: 0 };
  const connect = (inheritAppConfig: boolean) =>
    app.connectMicroservice({ transport: Transport.TCP, options: local }, { inheritAppConfig });
  const servers = { inheriting: connect(true), other: connect(false) };
  await app.startAllMicroservices();
  await app.listen(0, local.host);
  const url = `${await app.getUrl()}/prices`;
  const database = app.get(Database, { strict: false });

  const step = async (service: string, operation: string, input: object, caller = ada): Promise<unknown> => {
    const orchestrator = app.get<WorkflowOrchestrator>(getOrchestratorToken(service), { strict: false });
    const steps = [{ step_id: 's1', type: 'task', service, operation, input }];
    try {
      return (await orchestrator.run({ version: '2.1.0', steps }, caller)).output;
    } catch (error) {
      return error instanceof WorkflowFailedError ? error.failure.status : String(error);
    }
  };
  const request = async (path: string, { tenantId, personId }: Caller, body?: object): Promise<unknown> => {
    const headers = { 'x-tenant': String(tenantId), 'x-person': String(personId), 'content-type': 'application/json' };
    const put = body && { method: 'PUT', body: JSON.stringify(body) };
    const answer = await fetch(url + path, { headers, ...put });
    return answer.ok ? answer.text() : answer.status;
  };
  const message = async (server: keyof typeof servers, row: SetPriceDto): Promise<unknown> => {
    const { port } = servers[server].unwrap<{ address(): { port: number } }>().address();
    const client = ClientProxyFactory.create({ transport: Transport.TCP, options: { ...local, port } });
    const answer = await lastValueFrom(client.send<unknown>('price-changed', row)).catch((error: unknown) => error);
    await client.close();
    return answer;
  };
  const executed = async (ask: () => Promise<unknown>): Promise<unknown> => {
    const before = database.reads;
    return { answer: await ask(), executed: database.reads - before };
  };
  /** The price of tea, as a step and a request are told it. */
  const tea = (): Promise<unknown> =>
    executed(async () => [await step('shop', 'price', { sku: 'TEA' }), await request('/TEA', ada)]);
  const counted = async (service: string): Promise<unknown> => {
    const count = (): Promise<unknown> => step(service, 'count', {});
    return [await count(), await count(), await step(service, 'recount', {}), await count(), await count()];
  };

  const seen: Record<string, unknown> = {};
  seen['what is asked first is executed'] = await tea();
  seen['what is asked again comes from the cache'] = await tea();
  seen['a colleague shares it'] = await executed(() => request('/TEA', { ...ada, personId: 'bob' }));
  seen['another tenant does not'] = await executed(() => request('/TEA', { ...ada, tenantId: 'umbrella' }));
  seen['whom the guard refuses gets no hit'] = [
    await step('shop', 'price', { sku: 'TEA' }, mallory),
    await request('/TEA', mallory),
  ];
  seen['what the pipe refuses is not executed'] = await executed(async () => [
    await step('shop', 'price', { sku: 'x' }),
    await request('/x', ada),
  ]);
  seen['a change is refused by pipe, guard, and where nothing would purge'] = [
    await step('shop', 'set-price', { sku: 'TEA', cents: 'many' }),
    await request('', mallory, { sku: 'TEA', cents: 1 }),
    await message('other', { sku: 'TEA', cents: 1 }),
    { written: database.writes },
  ];
  seen['a refused change purges nothing'] = await tea();

  database.meanwhile = tea;
  await step('shop', 'set-price', { sku: ' tea ', cents: 200 });
  seen['a step that commits after its handler purges'] = await tea();
  await request('', ada, { sku: ' tea ', cents: 300 });
  seen['a request that commits after its handler purges'] = await tea();
  await message('inheriting', { sku: ' tea ', cents: 400 });
  seen['a message that commits after its handler purges'] = await tea();
  seen['what was executed again comes from the cache again'] = await tea();
  await step('shop', 'set-price', { sku: 'coffee', cents: 500 });
  seen['a change of something else purges nothing'] = await tea();

  const cache = app.get<Cache>(CACHE_MANAGER, { strict: false });
  await cache.set('own', 'kept');
  seen['answers are kept in the cache of the application'] = await counted('shared');
  const { key } = await app.get<StepCache>(getStepCacheToken('shared'), { strict: false }).explain('count', {}, ada);
  seen['they lie there beside its own'] = [typeof (await cache.get(String(key))), await cache.get('own')];
  seen['answers are kept in a store'] = await counted('keyv');
  await app.close();
  console.log(JSON.stringify(seen));
}

void main();
