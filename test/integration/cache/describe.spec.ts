import { afterEach, expect, it } from '@jest/globals';
import { Controller, Get, Headers, type INestApplicationContext, Module, Param } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import {
  type CacheOptions,
  getStepCacheToken,
  Mutates,
  Operation,
  type OperationCaching,
  OrchestratorModule,
  Reads,
  Sensitive,
  type StepCache,
} from 'nest-orchestrator';

class IdDto {
  declare readonly id: string;
}

@Controller()
class Prices {
  @Get(':id')
  @Operation('get-price', { cache: { ttl: '30s', vary: 'none' } })
  @Reads<IdDto>('price', { id: 'id' })
  @Reads('tariff', { service: 'carrier' })
  get(@Param() { id }: IdDto): string {
    return id;
  }

  @Operation('guess')
  guess(): number {
    return 1;
  }

  @Operation('roll', { cache: false })
  roll(): number {
    return 1;
  }

  @Operation('unlock')
  @Sensitive('code')
  unlock(): number {
    return 1;
  }

  @Operation('trace')
  trace(@Ctx() context: object): object {
    return context;
  }

  @Operation('trace-keyed', { cache: { key: () => 'k' } })
  traceKeyed(@Ctx() context: object): object {
    return context;
  }

  @MessagePattern(['one', 'other'])
  @Reads('price')
  twice(): number {
    return 2;
  }

  @Operation('set-price')
  @Mutates<IdDto>('price', { id: 'id' })
  set(@Payload() { id }: IdDto): string {
    return id;
  }

  @Operation('reset')
  @Mutates()
  reset(): number {
    return 0;
  }

  @Get()
  plain(@Headers('host') host: string): string {
    return host;
  }
}

@Controller()
class Tariffs {
  @Operation('get-tariff')
  tariff(): number {
    return 1;
  }
}

let app: INestApplicationContext;
afterEach(() => app.close());

/** What the cache of service `shop` says of its operations, by name. */
async function described(
  options: { readonly cache?: CacheOptions | false; readonly caller?: () => object } = {},
): Promise<Readonly<Record<string, OperationCaching>>> {
  @Module({ imports: [OrchestratorModule.forRoot({ service: 'shop', ...options })], controllers: [Prices] })
  class Shop {}
  @Module({
    imports: [OrchestratorModule.forRoot({ service: 'carrier', cache: options.cache ?? {} })],
    controllers: [Tariffs],
  })
  class Carrier {}
  app = await NestFactory.createApplicationContext({ module: class {}, imports: [Shop, Carrier] }, { logger: false });
  const cache = app.get<StepCache>(getStepCacheToken('shop'), { strict: false });
  return Object.fromEntries(cache.describe().map((caching) => [caching.operation, caching]));
}

const someone = (): object => ({ tenantId: 'acme' });

it('describes every operation of its own service, and nothing that is none', async () => {
  expect(Object.keys(await described()).sort()).toEqual(
    ['get-price', 'guess', 'one', 'other', 'reset', 'roll', 'set-price', 'trace', 'trace-keyed', 'unlock'], // prettier-ignore
  );
});

it('says what a read depends on, each resource with its owner, for how long it is served, and who shares it', async () => {
  const { 'get-price': price, guess } = await described({ caller: someone, cache: { ttl: '2m' } });
  expect(price).toEqual({
    service: 'shop',
    operation: 'get-price',
    mutates: false,
    reads: [
      { service: 'shop', resource: 'price', id: 'id' },
      { service: 'carrier', resource: 'tariff' },
    ],
    changes: null,
    ttl: 30_000,
    vary: 'none',
    never: null,
    neverInCalls: null,
  });
  expect(guess).toMatchObject({ reads: [], ttl: 120_000, vary: 'person', never: null });
});

it('says what a mutation purges: one instance, or anything of its service', async () => {
  const { 'set-price': set, reset } = await described({ caller: someone });
  const mutation = { mutates: true, ttl: null, vary: null, never: 'it changes something' };
  expect(set).toMatchObject({ ...mutation, changes: { service: 'shop', resource: 'price', id: 'id' } });
  expect(reset).toMatchObject({ ...mutation, changes: null });
});

it.each([
  ['roll', 'the operation says cache: false'],
  ['unlock', 'its input holds secrets'],
])('says why %s is never answered from the cache: %s', async (operation, never) => {
  expect((await described({ caller: someone }))[operation]).toMatchObject({ never, neverInCalls: never, ttl: null });
});

it.each([
  ['trace', 'a parameter is neither input nor caller (cache.key)'],
  ['one', 'its handler has several names'],
  ['trace-keyed', null],
])('says of %s, which is cached in steps, why its calls are not: %s', async (operation, neverInCalls) => {
  expect((await described({ caller: someone }))[operation]).toMatchObject({ never: null, neverInCalls });
});

it('says that calls are not cached where nobody says who calls', async () => {
  const { 'get-price': price } = await described();
  expect(price).toMatchObject({ never: null, neverInCalls: 'nobody says who calls (option caller)' });
});

it('says that nothing is cached where the cache is off', async () => {
  const all = await described({ caller: someone, cache: false });
  expect(new Set(Object.values(all).map(({ never }) => never))).toEqual(new Set(['the cache is off']));
});
