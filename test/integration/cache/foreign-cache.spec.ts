import { describe, expect, it } from '@jest/globals';
import { CacheInterceptor, CacheModule } from '@nestjs/cache-manager';
import { Body, Controller, Get, Injectable, Post, Scope, type Type, UseInterceptors } from '@nestjs/common';
import type { ModuleMetadata, Provider } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { Mutates, Operation, OrchestratorModule, type OrchestratorModuleOptions, Reads } from 'nest-orchestrator';
import { app, create, log, request, start } from '../../support/servers.js';

/** Nest's own cache in front of an operation answers what was true before, and nobody else would say so. */

let balance = 1;

/** As an application extends it, to say what the key is. */
@Injectable()
class AccountCache extends CacheInterceptor {}

/** No cache, whatever it is called. */
@Injectable()
class MyCacheInterceptorFactory {
  intercept = (_: unknown, next: { handle(): unknown }): unknown => next.handle();
}

@Controller('plain')
class Plain {
  @Get()
  @Operation('balance')
  @Reads('account')
  balance(): object {
    return { balance };
  }

  @Post()
  @Operation('set')
  @Mutates('account')
  set(@Body('to') to: number): object {
    balance = to;
    return {};
  }

  @Get('health')
  health(): string {
    return 'no operation';
  }
}

@Controller('handler')
class OnHandler extends Plain {
  @UseInterceptors(CacheInterceptor)
  @Get()
  @Operation('balance')
  @Reads('account')
  override balance(): object {
    return super.balance();
  }
}

@Controller('controller')
@UseInterceptors(AccountCache)
class OnController extends Plain {}

const globally = (scope: Scope): Provider => ({ provide: APP_INTERCEPTOR, useClass: CacheInterceptor, scope });

const metadata = (
  controller: Type,
  options: OrchestratorModuleOptions = {},
  providers: Provider[] = [],
): ModuleMetadata => ({
  imports: [OrchestratorModule.forRoot({ service: 'alpha', ...options }), CacheModule.register()],
  controllers: [controller],
  providers,
});

const warnings = (): string[] => log.filter((line) => line.includes('from a cache that no change purges'));
const warning = (cache: string, handler: string): unknown =>
  expect.stringMatching(new RegExp(`^${cache} stands in front of ${handler}, .* Remove it there: `));

describe('the interceptor of @nestjs/cache-manager in front of an operation', () => {
  it('answers what was true before: so it is worth a warning', async () => {
    await create(metadata(OnHandler));
    await app.listen(0, '127.0.0.1');
    const { body: before } = await request('GET', '/handler');
    await request('POST', '/handler', { to: 7 });
    expect((await request('GET', '/handler')).body).toEqual(before);
    expect(before).not.toEqual({ balance });
    expect(warnings()).toHaveLength(1);
  });

  it.each<[string, Type, Provider[], [string, string][]]>([
    ['on the handler', OnHandler, [], [['CacheInterceptor', 'OnHandler.balance']]],
    ['on the controller, as a class of its own', OnController, [], [['AccountCache', 'OnController.balance'], ['AccountCache', 'OnController.set']]],
    ['for the application', Plain, [globally(Scope.DEFAULT)], [['CacheInterceptor', 'Plain.balance'], ['CacheInterceptor', 'Plain.set']]],
    ['for the application, made per request', Plain, [globally(Scope.REQUEST)], [['CacheInterceptor', 'Plain.balance'], ['CacheInterceptor', 'Plain.set']]],
  ])('is warned of at boot, once per handler: %s', async (_, controller, providers, expected) => {
    await create(metadata(controller, {}, providers));
    await start();
    expect(warnings()).toEqual(expected.map(([cache, handler]) => warning(cache, handler)));
  }); // prettier-ignore

  it('is warned of where useGlobalInterceptors() adds it, too', async () => {
    await create(metadata(Plain, {}, [AccountCache]));
    app.useGlobalInterceptors(await app.resolve(AccountCache, undefined, { strict: false }));
    await start();
    expect(warnings()).toEqual([warning('AccountCache', 'Plain.balance'), warning('AccountCache', 'Plain.set')]);
  });

  it('is the application’s own affair where the step cache is off, for the service or for the operation', async () => {
    await create(metadata(OnController, { cache: false }));
    await start();
    expect(warnings()).toEqual([]);
    await app.close();
    const operations = { balance: { cache: false }, set: { cache: false } };
    await create(metadata(OnController, { operations }));
    await start();
    expect(warnings()).toEqual([]);
  });

  it('is not taken for another interceptor', async () => {
    await create(metadata(Plain, {}, [{ provide: APP_INTERCEPTOR, useClass: MyCacheInterceptorFactory }]));
    await start();
    expect(warnings()).toEqual([]);
  });
});
