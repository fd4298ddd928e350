import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  type ArgumentsHost,
  Body,
  Catch,
  Controller,
  type ExceptionFilter,
  HttpException,
  type ModuleMetadata,
} from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { type CacheOptions, Mutates, OrchestratorModule, Reads } from 'nest-orchestrator';
import { type Observable, throwError } from 'rxjs';
import { FickleCoherence } from '../../support/fickle-coherence.js';
import { app, clock, log } from '../../support/servers.js';
import { until } from '../../support/until.js';
import { call, caller, Everywhere, serve } from '../../support/ways.js';

/** A change by HTTP or RPC that cannot be purged: its caller is not told that it went well. */

let balance: number;
let coherence: FickleCoherence;
beforeEach(() => {
  [balance, coherence] = [1, new FickleCoherence()];
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
    return { done: true };
  }

  @Everywhere('fail')
  @Mutates('account')
  fail(@Body('to') to: number): never {
    balance = to;
    throw new HttpException('no', 409);
  }
}

const serveAccount = (cache: CacheOptions = {}, more: ModuleMetadata = {}): Promise<void> =>
  serve({
    imports: [
      OrchestratorModule.forRoot({ service: 'alpha', caller, cache: { coherence: coherence.definition, ...cache } }),
    ],
    controllers: [Account],
    ...more,
  });

/** Whoever reads is told what was cached, while the tokens are away. */
async function expectOld(way: 'http' | 'rpc'): Promise<void> {
  expect(await call(way, 'read')).toEqual({ balance: 1 });
}

/** A second after the tokens are back it is purged, and the log says what was owed. */
async function expectMadeUpFor(way: 'http' | 'rpc', value: number): Promise<void> {
  coherence.purging = 'well';
  await clock.advance(1_000);
  expect(await call(way, 'read')).toEqual({ balance: value });
  expect(log.join('\n')).toContain('t:acme/alpha/account');
}

describe.each(['http', 'rpc'] as const)('a change by %s that cannot be purged', (way) => {
  const told = { code: 'PURGE_FAILED', message: expect.stringContaining('Account.') as never };
  const refusal = way === 'http' ? { statusCode: 503, ...told } : { status: 'error', ...told };

  it('is told as PURGE_FAILED, and made up for in the background', async () => {
    await serveAccount();
    await call(way, 'read');
    coherence.purging = 'refuses';
    await expect(call(way, 'set', { to: 2 })).rejects.toMatchObject({ told: refusal });
    expect(balance).toBe(2);
    await expectOld(way);
    await clock.advance(5_000);
    await expectOld(way);
    await expectMadeUpFor(way, 2);
  });

  it('and that failed is told as PURGE_FAILED too: something may have changed', async () => {
    await serveAccount();
    await call(way, 'read');
    coherence.purging = 'refuses';
    await expect(call(way, 'fail', { to: 2 })).rejects.toMatchObject({ told: refusal });
    await expectMadeUpFor(way, 2);
  });

  it('is told after ten seconds without an answer', async () => {
    await serveAccount();
    await call(way, 'read');
    coherence.purging = 'hangs';
    const ended = expect(call(way, 'set', { to: 2 })).rejects.toMatchObject({ told: refusal });
    await until(() => balance === 2 && clock.pending > 0);
    await clock.advance(10_000);
    await ended; // and not after twice as long
    coherence.purging = 'well';
    await clock.advance(20_000);
    await expectMadeUpFor(way, 2);
  });

  it('goes well where the option says so, and is made up for', async () => {
    await serveAccount({ whenPurgeFails: 'proceed' });
    await call(way, 'read');
    coherence.purging = 'refuses';
    expect(await call(way, 'set', { to: 2 })).toEqual({ done: true });
    await expectOld(way);
    await expectMadeUpFor(way, 2);
  });

  it('can be told otherwise by a filter of the application, which finds the error as its cause', async () => {
    const caught: unknown[] = [];
    @Catch()
    class Filter implements ExceptionFilter {
      catch(error: Error, host: ArgumentsHost): Observable<never> | undefined {
        caught.push(error.cause);
        if (host.getType() === 'rpc') return throwError(() => ({ told: 'otherwise' }));
        app.getHttpAdapter().reply(host.switchToHttp().getResponse(), { told: 'otherwise' }, 409);
        return undefined;
      }
    }
    await serveAccount({}, { providers: [{ provide: APP_FILTER, useClass: Filter }] });
    coherence.purging = 'refuses';
    for (const operation of ['set', 'fail'])
      await expect(call(way, operation, { to: 2 })).rejects.toMatchObject({ told: { told: 'otherwise' } });
    expect(caught).toMatchObject([{ code: 'PURGE_FAILED', status: 503 }, { code: 'PURGE_FAILED' }]);
    const [ofSet, ofFail] = caught as Error[];
    expect([ofSet?.cause, (ofFail?.cause as Error | undefined)?.message]).toEqual([undefined, 'no']);
  });

  it('is tried once more when the application closes', async () => {
    await serveAccount();
    coherence.purging = 'refuses';
    await expect(call(way, 'set', { to: 2 })).rejects.toThrow();
    coherence.purging = 'well';
    await app.close();
    expect(coherence.purged).toEqual([expect.arrayContaining(['t:acme/alpha/account'])]);
  });
});
