import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Body, Controller, type ModuleMetadata } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Transport } from '@nestjs/microservices';
import { lastValueFrom } from 'rxjs';
import { Mutates, OrchestratorModule, Reads, StepCache } from 'nest-orchestrator';
import { serviceOf } from 'nest-orchestrator/testing';
import { book, task } from '../../support/cookbook-documents.js';
import { feature } from '../../support/operations.js';
import { alpha, app, clientOf, create, listen, log, request } from '../../support/servers.js';
import { call, caller, Everywhere, serve, WAYS } from '../../support/ways.js';

/** A handler that changes something runs where its change is purged, or not at all. */

let balance: number;
beforeEach(() => {
  balance = 1;
});

@Controller()
class Account {
  @Everywhere('read')
  @Reads('account')
  read(): object {
    return { balance };
  }

  @Everywhere('set')
  @Mutates('account')
  set(@Body('to') to: number): object {
    balance = to;
    return {};
  }

  @Everywhere('look')
  @Reads('account')
  look(): object {
    return this.set(9); // it says that it reads, and changes
  }
}

const alphaModule = (): ModuleMetadata => ({
  imports: [OrchestratorModule.forRoot({ service: 'alpha', caller, retry: { maxAttempts: 1 } })],
  controllers: [Account],
});
const account = (): Account => app.get(Account);

/** What a direct call of it is refused with. */
function refusalOf(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}
const refused = {
  code: 'MUTATION_NOT_COVERED',
  message: expect.stringMatching(/^(Account|Sub)\.set .*inheritAppConfig: true/) as never,
};

describe('a handler that changes something', () => {
  it('does not run by a server without the configuration of its application: the log says what to do', async () => {
    await create(alphaModule());
    const server = app.connectMicroservice({ transport: Transport.TCP, options: { host: '127.0.0.1', port: 0 } });
    await listen();
    const send = (name: string): Promise<unknown> => lastValueFrom(clientOf(server).send<unknown>(name, { to: 2 }));
    await expect(send('set')).rejects.toMatchObject({ status: 'error' });
    expect(balance).toBe(1);
    expect(log.join('\n')).toMatch(/UncoveredMutationError: Account\.set .*inheritAppConfig: true/);
    expect(await send('read')).toEqual({ balance: 1 });
  });

  it('does not run where code calls it itself', async () => {
    await serve(alphaModule());
    expect(refusalOf(() => account().set(2))).toMatchObject(refused);
    expect(balance).toBe(1);
    expect(account().read()).toEqual({ balance: 1 });
  });

  it('runs where code calls it within stepCache.mutation(), and is purged with what that names', async () => {
    await serve(alphaModule());
    await call('step', 'read');
    const mutation = app.get(StepCache, { strict: false }).mutation({ resource: 'other' }, () => account().set(2));
    expect(await mutation).toEqual({});
    expect(await call('step', 'read')).toEqual({ balance: 2 });
  });

  it.each(WAYS)('does not run by way of one that only reads, by %s', async (way) => {
    await serve(alphaModule());
    await expect(call(way, 'look')).rejects.toThrow(way === 'step' ? 'MUTATION_NOT_COVERED' : 'Internal server error');
    expect(balance).toBe(1);
  });

  it.each([
    ['cached', caller],
    ['not cached, as nobody says who calls', () => undefined],
  ])('does not run by way of one that only reads, and the log names both: %s', async (_, resolve) => {
    const alphaOnly = OrchestratorModule.forRoot({ service: 'alpha', caller: resolve });
    await serve({ imports: [alphaOnly], controllers: [Account] });
    await request('POST', '/look', {}, { tenant: 'acme' });
    expect(log.join('\n')).toMatch(
      /Account\.set changes .*, and was called by Account\.look, which is declared as a read/,
    );
  });

  it('does not run in a test of the class either, until its application has closed: then the class is as before', async () => {
    await create(alphaModule());
    await app.init();
    const plain = new Account();
    expect(refusalOf(() => plain.set(2))).toMatchObject(refused);
    await app.close();
    expect(plain.set(2)).toEqual({});
    expect(balance).toBe(2);
  });

  it('does not run while any application of its class is up', async () => {
    await create(alphaModule());
    await app.init();
    const other = await NestFactory.createApplicationContext(feature(alphaModule()), { logger: false });
    await app.close();
    expect(refusalOf(() => new Account().set(2))).toMatchObject(refused);
    await other.close();
    expect(new Account().set(2)).toEqual({});
  });

  it('of a class that inherits it does not run either', async () => {
    @Controller()
    class Sub extends Account {}
    await serve({ ...alphaModule(), controllers: [Sub] });
    expect(refusalOf(() => app.get(Sub).set(2))).toMatchObject(refused);
    expect(new Account().set(3)).toEqual({}); // the class itself is nobody's controller
    await call('http', 'read');
    await call('http', 'set', { to: 4 });
    expect(await call('http', 'read')).toEqual({ balance: 4 });
  });

  it('of a service without a cache runs wherever it is called', async () => {
    await serve({ imports: [OrchestratorModule.forRoot({ service: 'alpha', cache: false })], controllers: [Account] });
    expect(account().set(2)).toEqual({});
    for (const way of WAYS) {
      await call(way, 'set', { to: 3 });
      expect(await call(way, 'read')).toEqual({ balance: 3 });
    }
    expect(await call('http', 'look')).toEqual({});
  });
});

describe('a handler of a service without a cache', () => {
  /** It is told who calls, and calls what changes something of a service that has a cache, and of its own. */
  function front(): ModuleMetadata {
    @Controller()
    class Front {
      @Everywhere('own')
      @Mutates('visit')
      own(): object {
        return {};
      }

      @Everywhere('front')
      front(): object {
        return { ...this.own(), ...account().set(2) };
      }

      @Everywhere('front-own')
      frontOwn(): object {
        return { ...this.own(), done: true };
      }
    }
    const beta = feature({ imports: [OrchestratorModule.forRoot({ service: 'beta' })], controllers: [Account] });
    return { imports: [OrchestratorModule.forRoot({ service: 'alpha', caller, cache: false }), beta], controllers: [Front] }; // prettier-ignore
  }

  it.each(['http', 'rpc'] as const)(
    'calls none of another that nothing would purge, by %s; but its own',
    async (way) => {
      await serve(front());
      await expect(call(way, 'front')).rejects.toThrow('Internal server error');
      expect(log.join('\n')).toContain('UncoveredMutationError: Account.set');
      expect(balance).toBe(1);
      expect(await call(way, 'front-own')).toEqual({ done: true });
    },
  );
});

describe('a run that a call has started', () => {
  /** As a report is asked for: the call is a read, and what the run does is its own. */
  function starting(): ModuleMetadata {
    @Controller()
    class Reports {
      @Everywhere('report')
      async report(): Promise<object> {
        const step = task('s', { service: 'beta', operation: 'charge', input: {} });
        return alpha().start(book([step]), { workflowId: 'report' });
      }
    }
    const beta = serviceOf('beta', { mutates: { charge: () => (balance += 1) } }, { cache: false });
    return { imports: [OrchestratorModule.forRoot({ service: 'alpha', caller }), beta], controllers: [Reports] };
  }

  it.each(['http', 'rpc'] as const)('by %s, as one that reads, may change what it likes', async (way) => {
    await serve(starting());
    await call(way, 'report');
    expect(await alpha().result('report')).toMatchObject({ output: 2 });
  });
});

afterEach(() => {
  // What a class of one test is must not be guarded in the next: each closes its application.
  expect(new Account().set(1)).toEqual({});
});
