import { setImmediate } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  Body,
  type CallHandler,
  Controller,
  type ExecutionContext,
  Injectable,
  type ModuleMetadata,
  type NestInterceptor,
  type Type,
  UseInterceptors,
} from '@nestjs/common';
import { Mutates, OrchestratorModule, Reads } from 'nest-orchestrator';
import { from, isObservable, mergeMap, type Observable, race, throwError } from 'rxjs';
import { MemoryCoherence } from '../../../libs/orchestrator/src/cache/memory/memory.coherence.js';
import { deferred } from '../../support/deferred.js';
import { CONTEXT } from '../../support/operations.js';
import { connectLoopback, create, start } from '../../support/servers.js';
import { until } from '../../support/until.js';
import { call, caller, Everywhere, serve, WAYS } from '../../support/ways.js';

/** What goes on when nobody waits for it any more; and handlers that are called more than once for one answer. */

let rows: Map<string, number>;
let calls: string[];
let tokens: HeldTokens;
let patience = deferred();
let work = deferred();
beforeEach(() => {
  [patience, work] = [deferred(), deferred()];
  [rows, calls, tokens] = [
    new Map([
      ['a', 1],
      ['b', 1],
    ]),
    [],
    new HeldTokens(),
  ];
});

/** Tokens whose calls are answered when the test says so. They are done at once. */
class HeldTokens extends MemoryCoherence {
  readonly asked: ('read' | 'purge')[] = [];
  reads: Promise<void> = Promise.resolve();
  purges: Promise<void> = Promise.resolve();

  override async read(tags: readonly string[]): Promise<readonly string[]> {
    this.asked.push('read');
    const found = await super.read(tags);
    await this.reads;
    return found;
  }

  override async purge(tags: readonly string[]): Promise<void> {
    this.asked.push('purge');
    await super.purge(tags);
    await this.purges;
  }

  /** How often it was asked for that. */
  times(what: 'read' | 'purge'): number {
    return this.asked.filter((each) => each === what).length;
  }
}

const metadata = (...controllers: Type[]): ModuleMetadata => ({
  imports: [
    OrchestratorModule.forRoot({
      service: 'alpha',
      caller,
      retry: { maxAttempts: 1 },
      cache: { coherence: { kind: 'held', create: () => tokens } },
    }),
  ],
  controllers,
});

/** Waits for a handler as long as the test does, and goes on without it. */
@Injectable()
class Impatient implements NestInterceptor {
  intercept(_: ExecutionContext, next: CallHandler): Observable<unknown> {
    const over = from(patience.promise).pipe(mergeMap(() => throwError(() => new Error('it takes too long'))));
    return race(next.handle(), over);
  }
}

@Controller()
class Rows {
  @Everywhere('get')
  @Reads('row', { id: 'id' })
  get(@Body('id') id: string): object {
    calls.push(id);
    return { value: rows.get(id) };
  }

  @Everywhere('put')
  @UseInterceptors(Impatient)
  @Mutates('row', { id: 'id' })
  async put(@Body('id') id: string, @Body('value') value: number): Promise<object> {
    calls.push(`put ${id}`);
    await work.promise;
    rows.set(id, value);
    return {};
  }

  /** Returns a query, as query builders make them: it is made when somebody awaits it, each time. */
  @Everywhere('put-by-query')
  @UseInterceptors(Impatient)
  @Mutates('row', { id: 'id' })
  putByQuery(@Body('id') id: string, @Body('value') value: number): PromiseLike<object> {
    const query = async (): Promise<object> => {
      calls.push(`put ${id}`);
      await work.promise;
      rows.set(id, value);
      return {};
    };
    return { then: (...next) => query().then(...next) };
  }
}

describe.each(WAYS)('a change that an interceptor gives up, by %s,', (way) => {
  beforeEach(() => serve(metadata(Rows)));

  it.each(['put', 'put-by-query'])(
    'and that is made while the purge for that is under way is purged again (%s)',
    async (operation) => {
      const replies = deferred();
      const put = call(way, operation, { id: 'a', value: 2 });
      await until(() => calls.includes('put a'));
      tokens.purges = replies.promise;
      patience.resolve();
      await until(() => tokens.times('purge') === 1);
      expect(await call(way, 'get', { id: 'a' })).toEqual({ value: 1 }); // stored with the tokens of now
      work.resolve();
      await until(() => rows.get('a') === 2);
      replies.resolve();
      await expect(put).rejects.toThrow();
      await until(() => tokens.times('purge') > 1);
      expect(await call(way, 'get', { id: 'a' })).toEqual({ value: 2 });
    },
  );

  it.each(['put', 'put-by-query'])('and that is made after that is purged then (%s)', async (operation) => {
    const put = call(way, operation, { id: 'a', value: 2 });
    await until(() => calls.includes('put a'));
    patience.resolve();
    await expect(put).rejects.toThrow();
    expect(await call(way, 'get', { id: 'a' })).toEqual({ value: 1 });
    const before = tokens.times('purge');
    work.resolve();
    await until(() => tokens.times('purge') > before);
    expect(await call(way, 'get', { id: 'a' })).toEqual({ value: 2 });
    expect(calls.filter((each) => each === 'put a')).toHaveLength(1);
  });
});

@Controller()
class Tree {
  /** Row `a`, with row `b` in it. */
  @Everywhere('tree')
  @Reads('row', { id: 'id' })
  async tree(@Body('id') id: string): Promise<object> {
    calls.push(id);
    return { value: rows.get(id), ...(id === 'a' && { child: await this.tree('b') }) };
  }
}

describe.each(['http', 'rpc'] as const)('a read that calls itself for another row, by %s,', (way) => {
  beforeEach(() => serve(metadata(Rows, Tree)));

  it.each(['a', 'b'])('is purged with row %s', async (id) => {
    await call(way, 'tree', { id: 'a' });
    work.resolve();
    await call(way, 'put', { id, value: 2 });
    expect(await call(way, 'tree', { id: 'a' })).toEqual({
      value: id === 'a' ? 2 : 1,
      child: { value: id === 'b' ? 2 : 1 },
    });
    const before = calls.length;
    await call(way, 'tree', { id: 'a' });
    expect(calls).toHaveLength(before);
  });
});

describe('a read that nobody waits for any more', () => {
  it('before it has been looked up keeps nobody else waiting', async () => {
    await create(metadata(Rows));
    const server = connectLoopback();
    await start();
    const replies = deferred();
    tokens.reads = replies.promise;
    const input = { id: 'a', tenant: 'acme' };
    const answer: unknown = await server.getHandlerByPattern('get')?.(input, CONTEXT);
    if (!isObservable(answer)) throw new Error('It cannot be left.');
    const subscription = answer.subscribe();
    await until(() => tokens.times('read') === 1);
    subscription.unsubscribe();
    tokens.reads = Promise.resolve();
    replies.resolve();
    await setImmediate(); // whatever waits for nothing else has happened
    expect(await server.call('get', input)).toEqual({ value: 1 });
    expect(calls).toEqual(['a']);
  });
});
