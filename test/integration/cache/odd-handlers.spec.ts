import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Body, Controller, type ExecutionContext, Inject, Injectable, Scope, UseGuards } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import type { ModuleMetadata, Provider, Type } from '@nestjs/common';
import { type Caller, Mutates, OrchestratorModule, Reads, StepCache } from 'nest-orchestrator';
import { deferred } from '../../support/deferred.js';
import { app, clock, create, listen, request } from '../../support/servers.js';
import { until } from '../../support/until.js';
import { call, caller, Everywhere, serve, WAYS } from '../../support/ways.js';

/** Handlers, controllers and callers that are not as the cache would like them. */

let balance: number;
beforeEach(() => {
  balance = 1;
});

const alphaModule = (controller: Type, more: object = {}, providers: Provider[] = []): ModuleMetadata => ({
  imports: [OrchestratorModule.forRoot({ service: 'alpha', caller, retry: { maxAttempts: 1 }, ...more })],
  controllers: [controller],
  providers,
});

@Controller()
class Account {
  @Everywhere('get')
  @Reads('account')
  get(): object {
    return { balance };
  }

  @Everywhere('set')
  @Mutates('account', { id: 'id' })
  set(@Body() _: unknown): object {
    balance += 1;
    return {};
  }
}

describe('a mutation', () => {
  it.each(WAYS)('whose method its class binds to itself runs, and purges, by %s', async (way) => {
    @Controller()
    class Bound extends Account {
      override set = super.set.bind(this);
    }
    await serve(alphaModule(Bound));
    await call('step', 'get');
    await call(way, 'set');
    expect(await call('step', 'get')).toEqual({ balance: 2 });
  });

  it('that a test has replaced before boot purges all that it may change', async () => {
    await create(alphaModule(Account));
    jest.spyOn(app.get(Account), 'set').mockImplementation(() => ({ balance: (balance += 1) }));
    await listen();
    await call('step', 'get');
    await call('http', 'set');
    expect(await call('step', 'get')).toEqual({ balance: 2 });
  });

  it.each<[string, () => unknown]>([
    ['a promise', () => Promise.resolve('acme')],
    ['a truth value', () => true],
    ['an object that is no text', () => Object.create(null) as unknown],
  ])('whose caller has %s for an id purges for everybody', async (_, tenantId) => {
    await serve(alphaModule(Account, { caller: () => ({ tenantId: tenantId() }) as Caller }));
    await call('step', 'get');
    await call('http', 'set');
    expect(await call('step', 'get')).toEqual({ balance: 2 });
  });

  it('of code, for a tenant that is null, purges for everybody', async () => {
    await serve(alphaModule(Account));
    await call('step', 'get');
    const nobody = { tenantId: null } as unknown as Caller;
    await app.get(StepCache, { strict: false }).mutation({ resource: 'account' }, () => (balance = 2), { caller: nobody }); // prettier-ignore
    expect(await call('step', 'get')).toEqual({ balance: 2 });
  });

  it('of a long id has short tags: they are kept, and go along with runs', async () => {
    await serve(alphaModule(Account));
    const purgesOf = async (id: string): Promise<readonly string[]> =>
      (await app.get(StepCache, { strict: false }).explain('set', { id })).purges;
    const long = 'x'.repeat(60_000);
    const tags = await purgesOf(long);
    expect(Math.max(...tags.map((tag) => tag.length))).toBeLessThan(200);
    expect(await purgesOf(`${long}y`)).not.toEqual(tags);
  });
});

describe('a read', () => {
  it.each(WAYS)('whose cache.key fails is executed, by %s', async (way) => {
    const key = (): never => {
      throw new Error('no headers here');
    };
    @Controller()
    class Reports {
      @Everywhere('report', { cache: { key } })
      report(): object {
        return { balance };
      }
    }
    await serve(alphaModule(Reports));
    expect(await call(way, 'report')).toEqual({ balance: 1 });
  });

  it.each(WAYS)('may hand its own methods to others, without `this`, by %s', async (way) => {
    @Controller()
    class Lists {
      @Everywhere('one')
      one(@Body() of: unknown): object {
        return { of };
      }

      @Everywhere('all')
      all(): object {
        return [1, 2].map(this.one);
      }
    }
    await serve(alphaModule(Lists));
    expect(await call(way, 'all')).toEqual([{ of: 1 }, { of: 2 }]);
  });

  it('that a call never ends holds up others that ask the same for ten seconds at most', async () => {
    let calls = 0;
    @Controller()
    class Stuck {
      @Everywhere('stuck')
      stuck(): unknown {
        calls += 1;
        return calls === 1 ? forever.promise : { calls };
      }
    }
    const forever = deferred();
    await serve(alphaModule(Stuck));
    const first = call('http', 'stuck');
    await until(() => calls === 1);
    await clock.advance(10_000);
    expect(await call('http', 'stuck')).toEqual({ calls: 2 });
    forever.resolve();
    await first;
  });
});

describe('a controller that is made for every call', () => {
  it('may answer as the request says: its answers are not cached', async () => {
    @Controller({ path: '', scope: Scope.REQUEST })
    class Greeter {
      constructor(@Inject(REQUEST) private readonly asked: { readonly headers: Record<string, string> }) {}

      @Everywhere('greet')
      greet(): object {
        return { lang: this.asked.headers['accept-language'] };
      }
    }
    await serve(alphaModule(Greeter));
    const greet = (lang: string): Promise<unknown> => request('POST', '/greet', {}, { tenant: 'a', 'accept-language': lang }); // prettier-ignore
    expect(await greet('de')).toMatchObject({ body: { lang: 'de' } });
    expect(await greet('en')).toMatchObject({ body: { lang: 'en' } });
  });

  it.each(['step', 'http'] as const)(
    'may have loaded what was changed before its handler started, by %s',
    async (way) => {
      const [entered, open] = [deferred(), deferred()];
      @Injectable({ scope: Scope.REQUEST })
      class Loaded {
        readonly balance = balance;
      }
      class Slow {
        async canActivate(_: ExecutionContext): Promise<boolean> {
          entered.resolve();
          await open.promise;
          return true;
        }
      }
      @Controller()
      class Reader {
        constructor(@Inject(Loaded) private readonly loaded: Loaded) {}

        @Everywhere('load')
        @UseGuards(Slow)
        load(): object {
          return { balance: this.loaded.balance };
        }
      }
      await serve({ ...alphaModule(Reader, {}, [Loaded]), controllers: [Reader, Account] });
      const first = call(way, 'load');
      await entered.promise;
      await call('http', 'set');
      open.resolve();
      await first;
      expect(await call(way, 'load')).toEqual({ balance: 2 });
    },
  );
});
