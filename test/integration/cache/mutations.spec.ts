import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  Body,
  type CallHandler,
  type CanActivate,
  Controller,
  type ExecutionContext,
  ForbiddenException,
  Injectable,
  type ModuleMetadata,
  type NestInterceptor,
  UseGuards,
  UseInterceptors,
  ValidationPipe,
} from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { IsInt } from 'class-validator';
import { concatMap, from, type Observable, retry, timeout } from 'rxjs';
import { Mutates, OrchestratorModule, Reads, StepCache } from 'nest-orchestrator';
import { addingInterceptor, feature } from '../../support/operations.js';
import { deferred } from '../../support/deferred.js';
import { FickleCoherence } from '../../support/fickle-coherence.js';
import { app, clock } from '../../support/servers.js';
import { until } from '../../support/until.js';
import { call, caller, Everywhere, serve, type Way, WAYS } from '../../support/ways.js';

/** What is cached of what a call has changed is purged after it: however it ended, and before anybody is told. */

let balance: number;
let reads: number;
let staged: number | undefined;
let working = deferred();
beforeEach(() => {
  [balance, reads, staged, working] = [1, 0, undefined, deferred()];
});

class Amount {
  @IsInt() to!: number;
}

@Injectable()
class NotForStrangers implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const isHttp = context.getType() === 'http';
    const sent = isHttp
      ? context.switchToHttp().getRequest<{ body: unknown }>().body
      : context.switchToRpc().getData<unknown>();
    if ((sent as { readonly stranger?: boolean }).stranger === true) throw new ForbiddenException();
    return true;
  }
}

/** As a transaction: what the handler has staged is there once it has answered. */
@Injectable()
class Commits implements NestInterceptor {
  intercept(_: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(
      concatMap(async (answer: unknown) => {
        if (staged === undefined) return answer;
        await call('step', 'read'); // somebody reads before the commit, and has it cached
        balance = staged;
        return answer;
      }),
    );
  }
}

@Injectable()
class Impatient implements NestInterceptor {
  intercept(_: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(timeout(20));
  }
}

@Injectable()
class Persistent implements NestInterceptor {
  intercept(_: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(retry(2));
  }
}

@Controller()
@UseGuards(NotForStrangers)
class Account {
  @Everywhere('read')
  @Reads('account')
  read(): object {
    reads += 1;
    return { balance };
  }

  @Everywhere('set')
  @Mutates('account')
  set(@Body(new ValidationPipe({ transform: true })) { to }: Amount): object {
    balance = to;
    return {};
  }

  @Everywhere('fail-half-way')
  @Mutates('account')
  failHalfWay(@Body() { to }: Amount): never {
    balance = to;
    throw new Error('half-way');
  }

  @Everywhere('fail-at-once')
  @Mutates('account')
  failAtOnce(): Promise<never> {
    balance = 2;
    return Promise.reject(new Error('at once'));
  }

  @Everywhere('stage')
  @Mutates('account')
  stage(@Body() { to }: Amount): object {
    staged = to;
    return {};
  }

  @Everywhere('take-long')
  @Mutates('account')
  async takeLong(): Promise<object> {
    balance = 2;
    await working.promise;
    balance = 3;
    return {};
  }

  @Everywhere('take-too-long')
  @Mutates('account')
  @UseInterceptors(Impatient)
  takeTooLong(): Promise<object> {
    return this.takeLong();
  }

  @Everywhere('take-long-to-tell')
  @Mutates('account')
  takeLongToTell(): Observable<object> {
    balance = 2;
    return from(working.promise.then(() => ({ balance: (balance = 3) })));
  }

  @Everywhere('set-at-last')
  @Mutates('account')
  @UseInterceptors(Persistent)
  setAtLast(@Body() _: Amount, ...others: unknown[]): object {
    if ((balance += 1) < 4) throw new Error('not yet');
    return { others: others.length };
  }

  @Everywhere('set-both')
  @Mutates('book')
  setBoth(@Body() amount: Amount): object {
    books += 1;
    return this.set(amount);
  }

  @Everywhere('read-books')
  @Reads('book')
  readBooks(): object {
    return { books };
  }
}
let books = 0;

const serveAccount = (more: ModuleMetadata = {}): Promise<void> =>
  serve({ imports: [OrchestratorModule.forRoot({ service: 'alpha', caller, retry: { maxAttempts: 1 } })], controllers: [Account], ...more }); // prettier-ignore

/** Everybody has the balance cached, in every way; the answer tells what they are told. */
async function everybody(): Promise<unknown[]> {
  const told: unknown[] = [];
  for (const way of WAYS) told.push(await call(way, 'read'));
  return told;
}
const all = (value: number): object[] => WAYS.map(() => ({ balance: value }));

const purges = (): number =>
  Object.values(app.get(StepCache, { strict: false }).counters()).reduce((sum, { purge }) => sum + purge, 0);

describe.each(WAYS)('a call that changes something, by %s', (way) => {
  it('is seen by whoever reads after it, in every way', async () => {
    await serveAccount();
    expect(await everybody()).toEqual(all(1));
    expect(await everybody()).toEqual(all(1));
    expect(reads).toBe(3); // each way has an answer of its own
    await call(way, 'set', { to: 2 });
    expect(await everybody()).toEqual(all(2));
    expect(reads).toBe(6);
  });

  it.each(['fail-half-way', 'fail-at-once'])('and fails is seen too: %s', async (operation) => {
    await serveAccount();
    await everybody();
    await expect(call(way, operation, { to: 2 })).rejects.toThrow();
    expect(balance).toBe(2);
    expect(await everybody()).toEqual(all(2));
  });

  it.each<[string, object]>([
    ['a pipe', { to: 'much' }],
    ['a guard', { to: 2, stranger: true }],
  ])('and is refused by %s purges nothing', async (_, input) => {
    await serveAccount();
    await everybody();
    await expect(call(way, 'set', input)).rejects.toThrow();
    await everybody();
    expect(reads).toBe(3);
    expect(purges()).toBe(0);
  });

  it.each<[string, ModuleMetadata]>([
    ['of the root module', { providers: [{ provide: APP_INTERCEPTOR, useClass: Commits }] }],
    ['that a library has added first', { providers: [...(addingInterceptor(new Commits()) ?? [])] }],
  ])('and that an interceptor %s commits is seen by whoever reads after that', async (_, more) => {
    await serveAccount(more);
    await everybody();
    await call(way, 'stage', { to: 2 });
    staged = undefined;
    expect(await everybody()).toEqual(all(2));
  });

  it('and that an interceptor tries again is seen, and is given the same each time', async () => {
    await serveAccount();
    await everybody();
    expect(await call(way, 'set-at-last', { to: 2 })).toEqual({ others: 0 });
    expect(await everybody()).toEqual(all(4));
  });

  it('by way of another handler of its class is seen of both', async () => {
    await serveAccount();
    books = 0;
    await everybody();
    await call(way, 'read-books');
    await call(way, 'set-both', { to: 2 });
    expect(await everybody()).toEqual(all(2));
    expect(await call(way, 'read-books')).toEqual({ books: 1 });
  });

  it('and that an interceptor gives up is purged at once, and again when its handler has settled', async () => {
    await serveAccount();
    await everybody();
    await expect(call(way, 'take-too-long')).rejects.toThrow();
    expect(balance).toBe(2);
    expect(await everybody()).toEqual(all(2));
    const before = purges();
    working.resolve();
    await until(() => purges() > before);
    expect(await everybody()).toEqual(all(3));
  });

  it('is no one else’s business: another tenant’s answers stay', async () => {
    await serveAccount();
    for (const reader of WAYS) await call(reader, 'read', {}, 'zeta');
    await call(way, 'set', { to: 2 });
    for (const reader of WAYS) await call(reader, 'read', {}, 'zeta');
    expect(reads).toBe(3);
  });
});

describe('a step past its deadline', () => {
  it.each([
    ['', 'take-long'],
    [', whose answer is an Observable,', 'take-long-to-tell'],
  ])('is purged when that passes, and again when its handler%s has settled', async (_, operation) => {
    await serveAccount();
    await everybody();
    const ended = call('step', operation);
    await until(() => balance === 2);
    void clock.advance(30_000);
    await expect(ended).rejects.toThrow('OPERATION_TIMEOUT');
    expect(await everybody()).toEqual(all(2));
    const before = purges();
    working.resolve();
    await until(() => purges() > before);
    expect(await everybody()).toEqual(all(3));
  });
});

describe('an application without the option caller', () => {
  const serveNobody = (): Promise<void> =>
    serve({ imports: [OrchestratorModule.forRoot({ service: 'alpha' })], controllers: [Account] });

  it.each(['http', 'rpc'] satisfies Way[])('is not cached by %s, for nobody can say whose answer it would be', async (way) => {
    await serveNobody();
    for (let time = 0; time < 3; time += 1) await call(way, 'read');
    expect(reads).toBe(3);
  }); // prettier-ignore

  it.each(['http', 'rpc'] satisfies Way[])('purges by %s for every tenant', async (way) => {
    await serveNobody();
    for (const tenant of ['acme', 'zeta']) await call('step', 'read', {}, tenant);
    await call(way, 'set', { to: 2 });
    for (const tenant of ['acme', 'zeta']) expect(await call('step', 'read', {}, tenant)).toEqual({ balance: 2 });
  });
});

describe('a change of another service, by way of a handler that changes something', () => {
  it.each(WAYS)('is purged where that service has its tokens, by %s, and not told before it is', async (way) => {
    const tokens = new FickleCoherence();
    @Controller()
    class Front {
      @Everywhere('front')
      @Mutates('visit')
      front(): object {
        return app.get(Account).set({ to: 2 });
      }
    }
    const beta = OrchestratorModule.forRoot({ service: 'beta', caller, cache: { coherence: tokens.definition } });
    await serve({
      imports: [OrchestratorModule.forRoot({ service: 'alpha', caller, retry: { maxAttempts: 1 } }), feature({ imports: [beta], controllers: [Account] })],
      controllers: [Front],
    }); // prettier-ignore
    await call('http', 'read');
    tokens.purging = 'refuses';
    const told: unknown[] = [];
    const front = call(way, 'front').catch((error: unknown) => error).then((answer) => told.push(answer)); // prettier-ignore
    if (way !== 'step') await front;
    await until(() => balance === 2);
    await clock.advance(5_000);
    expect(told).toEqual(way === 'step' ? [] : [expect.objectContaining({ message: expect.stringContaining('PURGE_FAILED') as never })]); // prettier-ignore
    expect(await call('http', 'read')).toEqual({ balance: 1 }); // nobody was told
    tokens.purging = 'well';
    await clock.advance(5_000);
    await front;
    expect(await call('http', 'read')).toEqual({ balance: 2 });
    const [purged] = tokens.purged;
    expect(purged).toEqual(expect.arrayContaining(['t:acme/beta/account']));
    expect(purged?.filter((tag) => !tag.includes('/beta/'))).toEqual([]);
  });
});
