import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  Body,
  type CallHandler,
  type CanActivate,
  Controller,
  type ExecutionContext,
  ForbiddenException,
  Injectable,
  type NestInterceptor,
  StreamableFile,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { Ctx } from '@nestjs/microservices';
import { EMPTY, lastValueFrom, map, Observable, of, Subject, tap, throwError, toArray } from 'rxjs';
import { Caller, Mutates, OrchestratorModule, StepCache } from 'nest-orchestrator';
import { deferred } from '../../support/deferred.js';
import { app, log, request } from '../../support/servers.js';
import { until } from '../../support/until.js';
import { call, caller, client, Everywhere, serve, type Way, WAYS } from '../../support/ways.js';

/** What HTTP and messages have that steps have not: guards that ask who calls, streams, answers that are no JSON. */

let calls: number;
let answer: () => unknown;
let balance: number;
let strangers: boolean;
let gate: Promise<void>;
let changes: Subject<number>;
beforeEach(() => {
  [calls, answer, balance, strangers, gate, changes] = [0, () => ({}), 1, true, Promise.resolve(), new Subject()];
});

@Injectable()
class Door implements CanActivate {
  canActivate(): boolean {
    return strangers;
  }
}

/** As an envelope for whoever asks: each way has its own. */
@Injectable()
class Envelope implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((of: unknown) => ({ of, by: context.getType<string>() })));
  }
}

@Controller()
@UseGuards(Door)
class Desk {
  @Everywhere('enveloped', { mutates: false })
  @UseInterceptors(Envelope)
  enveloped(@Body('id') _: unknown): number {
    return (calls += 1);
  }

  @Everywhere('answer', { mutates: false })
  answer(@Body() _: unknown): unknown {
    calls += 1;
    return answer();
  }

  @Everywhere('balance', { mutates: false })
  async balance(@Body() _: unknown): Promise<object> {
    calls += 1;
    const taken = balance;
    await gate;
    return { balance: taken };
  }

  @Everywhere('set')
  @Mutates()
  set(@Body('to') to: number): object {
    balance = to;
    return {};
  }

  @Everywhere('follow')
  @Mutates()
  follow(): Observable<number> {
    const add = (amount: number) => (): void => void (balance += amount);
    return changes.pipe(tap({ next: (to) => void (balance = to), complete: add(10), error: add(100) }));
  }

  @Everywhere('whole-context', { mutates: false })
  context(@Body() _: unknown, @Ctx() __: unknown): object {
    return { calls: (calls += 1) };
  }

  @Everywhere('promised', { cache: { key: (context: ExecutionContext) => Promise.resolve(context.getType()) } })
  promised(@Body() _: unknown, @Ctx() __: unknown): object {
    return { calls: (calls += 1) };
  }

  @Everywhere('pattern', { cache: { key: (context: ExecutionContext) => context.getType() } })
  pattern(@Body() _: unknown, @Ctx() __: unknown): object {
    return { calls: (calls += 1) };
  }
}

const serveDesk = (resolve: (context: ExecutionContext) => unknown = caller): Promise<void> =>
  serve({
    imports: [OrchestratorModule.forRoot({ service: 'alpha', caller: (context) => resolve(context) as Caller })],
    controllers: [Desk],
  });

/** Whatever the caller of an HTTP request can see. */
const ask = (operation: string): Promise<unknown> => request('POST', `/${operation}`, {}, { tenant: 'acme' });

describe('an HTTP answer', () => {
  it.each<[string, () => unknown]>([
    ['an object', () => ({ a: [1, null] })],
    ['an object with a date', () => ({ at: new Date(0) })],
    ['a list', () => [1, 2]],
    ['null', () => null],
    ['a text', () => 'text'],
    ['an empty text', () => ''],
    ['zero', () => 0],
    ['false', () => false],
    ['of an Observable', () => of({ a: 1 })],
    ['of a promise', () => Promise.resolve({ a: 1 })],
  ])('that is JSON comes from the cache as from its handler: %s', async (_, given) => {
    answer = given;
    await serveDesk();
    const first = await ask('answer');
    expect(await ask('answer')).toEqual(first);
    expect(calls).toBe(1);
  });

  it.each<[string, () => unknown]>([
    ['bytes', () => Buffer.from('a')],
    ['a file', () => new StreamableFile(Buffer.from('a'))],
    ['a map', () => new Map([['a', 1]])],
    ['a set', () => new Set(['a'])],
    ['a date, which would be a text', () => new Date(0)],
    ['no number, which would be nothing', () => Number.NaN],
    ['nothing', () => undefined],
    ['several values', () => of(1, 2)],
  ])('that is no JSON is not cached, so that it is always the same: %s', async (_, given) => {
    answer = given;
    await serveDesk();
    const first = await ask('answer');
    expect(await ask('answer')).toEqual(first);
    expect(calls).toBe(2);
  });

  it('that is an error is not cached', async () => {
    answer = () => {
      throw new ForbiddenException();
    };
    await serveDesk();
    expect(await ask('answer')).toMatchObject({ status: 403 });
    answer = () => ({ a: 1 });
    expect(await ask('answer')).toMatchObject({ status: 200, body: { a: 1 } });
  });
});

describe.each(['http', 'rpc'] satisfies Way[])('a call by %s', (way) => {
  it('is let in by its guards before it is answered from the cache', async () => {
    await serveDesk();
    await call(way, 'balance');
    strangers = false;
    await expect(call(way, 'balance')).rejects.toThrow('Forbidden');
    strangers = true;
    await call(way, 'balance');
    expect(calls).toBe(1);
  });

  it('is one of many that share an execution, and those that come after a change share another one', async () => {
    await serveDesk();
    const held = deferred();
    gate = held.promise;
    const early = Array.from({ length: 30 }, () => call(way, 'balance'));
    await until(() => calls === 1);
    await call(way, 'set', { to: 2 });
    const late = Array.from({ length: 30 }, () => call(way, 'balance'));
    await until(() => calls >= 2);
    held.resolve();
    expect(await Promise.all(late)).toEqual(Array(30).fill({ balance: 2 }));
    for (const told of await Promise.all(early)) expect([{ balance: 1 }, { balance: 2 }]).toContainEqual(told);
    expect(calls).toBe(2);
  });

  it('with a parameter that is neither input nor caller is cached where cache.key says what it depends on', async () => {
    await serveDesk();
    for (const told of [1, 2]) expect(await call(way, 'whole-context')).toEqual({ calls: told });
    for (const _ of [1, 2]) expect(await call(way, 'pattern')).toEqual({ calls: 3 });
  });

  it('whose cache.key says no JSON, a promise for example, is not cached: every key would be the same', async () => {
    await serveDesk();
    for (const told of [1, 2]) expect(await call(way, 'promised')).toEqual({ calls: told });
  });

  it.each<[string, (context: ExecutionContext) => unknown]>([
    ['undefined', () => undefined],
    ['null', () => null],
    ['a text', () => 'ada'],
    ['an error', () => { throw new Error('no session'); }],
    ['a rejection', () => Promise.reject(new Error('no session'))],
    ['a user without any id of a caller', () => ({ userId: 7, username: 'ada' })],
    ['a map', () => new Map([['personId', 'ada']])],
    ['a tenant that is no number', () => ({ tenantId: Number('acme') })],
    ['a tenant that is empty', () => ({ tenantId: '' })],
  ])('of whom the option caller says %s is not cached, and purges for every tenant', async (_, resolve) => {
    await serveDesk(resolve);
    await call('step', 'balance');
    expect(await call(way, 'balance')).toEqual({ balance: 1 });
    expect(await call(way, 'balance')).toEqual({ balance: 1 });
    expect(calls).toBe(3);
    await call(way, 'set', { to: 2 });
    expect(await call('step', 'balance')).toEqual({ balance: 2 });
  }); // prettier-ignore

  it('of whom the option caller knows another user’s members only is said once, and what they are', async () => {
    await serveDesk(() => ({ userId: 7, username: 'ada' }));
    for (const _ of [1, 2, 3]) await call(way, 'balance');
    expect(log.filter((line) => line.includes('The option caller failed'))).toEqual([
      expect.stringMatching(/for Desk\.balance, which is not cached: .*\(got userId, username\)\. Map what you have, /),
    ]);
  });

  it('of whom the option caller says that his tenant is null is nobody’s tenant’s: he purges for every tenant', async () => {
    await serveDesk(() => ({ tenantId: null, personId: 'root' }));
    await call('step', 'balance');
    await call(way, 'balance');
    await call(way, 'set', { to: 2 });
    expect(await call('step', 'balance')).toEqual({ balance: 2 });
    expect(await call(way, 'balance')).toEqual({ balance: 2 });
    await call('step', 'set', { to: 3 });
    expect(await call(way, 'balance')).toEqual({ balance: 3 }); // he is told what any tenant changes
  });
});

describe('an answer that an interceptor has made', () => {
  it('for one way is not given another: each has its own, made once', async () => {
    await serveDesk();
    const told: unknown[] = [];
    for (const way of [...WAYS, ...WAYS]) told.push(await call(way, 'enveloped', { id: 1 }));
    const each = [{ of: 1, by: 'orchestrator' }, { of: 2, by: 'http' }, { of: 3, by: 'rpc' }]; // prettier-ignore
    expect(told).toEqual([...each, ...each]);
  });
});

describe('a message that is answered with a stream', () => {
  const all = (operation: string): Promise<unknown> => lastValueFrom(client.send<unknown>(operation, { tenant: 'acme' }).pipe(toArray())); // prettier-ignore

  it.each<[string, () => void, number]>([
    ['completes', () => { changes.complete(); }, 13],
    ['fails', () => { changes.error(new Error('broken')); }, 103],
  ])('and changes something is purged before each of its values, and when it %s', async (_, end, last) => {
    await serveDesk();
    const got: unknown[] = [];
    const over = deferred();
    client.send('follow', {}).subscribe({ next: (to) => got.push(to), error: over.resolve, complete: over.resolve });
    await until(() => changes.observed);
    for (const to of [2, 3]) {
      await call('rpc', 'balance');
      changes.next(to);
      await until(() => got.at(-1) === to);
      expect(await call('rpc', 'balance')).toEqual({ balance: to });
    }
    end();
    await over.promise;
    expect(await call('rpc', 'balance')).toEqual({ balance: last });
  }); // prettier-ignore

  it.each<[string, () => Observable<unknown>, unknown[], number]>([
    ['of one value is cached', () => of(1), [1], 1],
    ['of several values is not', () => of(1, 2), [1, 2], 2],
    ['of none is not', () => EMPTY, [], 2],
  ])('and changes nothing, %s', async (_, given, values, executions) => {
    answer = given;
    await serveDesk();
    expect(await all('answer')).toEqual(values);
    await until(() => app.get(StepCache, { strict: false }).counters()['answer']?.miss === 1);
    expect(await all('answer')).toEqual(values);
    expect(calls).toBe(executions);
  });

  it('and fails after its first value is not cached', async () => {
    answer = () => new Observable((to) => {
      to.next(1);
      to.error(new Error('broken'));
    }); // prettier-ignore
    await serveDesk();
    await expect(all('answer')).rejects.toMatchObject({ status: 'error' });
    answer = () => throwError(() => new Error('broken'));
    await expect(all('answer')).rejects.toMatchObject({ status: 'error' });
    expect(calls).toBe(2);
    expect(log.join()).toContain('broken');
  });
});

describe('a service without a cache', () => {
  @Controller()
  class Door {
    @Everywhere('who', { mutates: false })
    who(@Caller() who: Caller | undefined): unknown {
      return { tenantId: who?.tenantId };
    }
  }

  it.each(WAYS)('still tells its handlers who calls, by %s', async (way) => {
    const imports = [OrchestratorModule.forRoot({ service: 'alpha', cache: false, caller })];
    await serve({ imports, controllers: [Door] });
    expect(await call(way, 'who')).toEqual({ tenantId: 'acme' });
  });
});
