import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  BadRequestException,
  Body,
  type CanActivate,
  Catch,
  Controller,
  createParamDecorator,
  type ArgumentsHost,
  type ExceptionFilter,
  type ExecutionContext,
  ForbiddenException,
  GoneException,
  Inject,
  Param,
  Post,
  Query,
  Scope,
  type Type,
  UseFilters,
  UseGuards,
  UseInterceptors,
  ValidationPipe,
} from '@nestjs/common';
import {
  APP_INTERCEPTOR,
  type ContextId,
  ContextIdFactory,
  type ContextIdResolver,
  ExternalContextCreator,
  REQUEST,
} from '@nestjs/core';
import { Ctx, MessagePattern, Payload, RpcException } from '@nestjs/microservices';
import { IsInt } from 'class-validator';
import { from, Observable, throwError } from 'rxjs';
import { GuardsConsumer } from '@nestjs/core/guards/index.js';
import { Operation } from '../../../libs/orchestrator/src/decorators/operation.decorator.js';
import { deferred } from '../../support/deferred.js';
import {
  addingInterceptor,
  bootOperations,
  CONTEXT,
  feature,
  type OperationsApp,
  type OperationsAppOptions,
  tracing,
} from '../../support/operations.js';

const trace: string[] = [];
const apps: OperationsApp[] = [];

async function boot(options: OperationsAppOptions = {}): Promise<OperationsApp> {
  const booted = await bootOperations({
    controllers: [ItemsController],
    configure: (app) => {
      app.useGlobalPipes(new ValidationPipe({ transform: true }));
      app.useGlobalInterceptors(tracing(trace, 'useGlobal'));
    },
    ...options,
  });
  apps.push(booted);
  return booted;
}

beforeEach(() => {
  trace.length = 0;
});

afterEach(async () => {
  await Promise.all(apps.splice(0).map(({ app }) => app.close()));
});

const asHttpUser = (host: ExecutionContext): boolean => host.switchToHttp().getRequest<{ user: boolean }>().user;
const asWsUser = (host: ExecutionContext): boolean => host.switchToWs().getClient<{ user: boolean }>().user;
const User = createParamDecorator((_: unknown, host: ExecutionContext) => asHttpUser(host));

/** Set by the tests of filters. */
let translation: (host: ArgumentsHost) => unknown;

@Catch(ReferenceError)
class TranslatingFilter implements ExceptionFilter {
  catch(_: unknown, host: ArgumentsHost): unknown {
    return translation(host);
  }
}

class KindGuard implements CanActivate {
  canActivate(host: ExecutionContext): boolean {
    trace.push(host.getType());
    return host.getArgByIndex<{ id?: unknown } | undefined>(0)?.id !== 'forbidden';
  }
}

class ItemDto {
  @IsInt() id!: number;
}

const tracingPipe = {
  transform: (value: unknown): unknown => {
    trace.push('pipe');
    return value;
  },
};

@Controller('items')
@UseGuards(KindGuard)
@UseInterceptors(tracing(trace, 'class'))
@UseFilters(TranslatingFilter)
class ItemsController {
  @Post()
  @Operation('save')
  @MessagePattern('save')
  save(@Payload(tracingPipe) input: ItemDto, @Ctx() context: unknown): unknown {
    trace.push('handler');
    return [input instanceof ItemDto, context === CONTEXT];
  }

  @Operation('plain')
  @MessagePattern('plain')
  plain(input: ItemDto, ...others: unknown[]): unknown {
    return [input instanceof ItemDto, others];
  }

  @Operation('parts')
  parts(
    @Payload('id') id: unknown,
    @Param('id') same: unknown,
    @Query() query: unknown,
    @Body() body: unknown,
  ): unknown {
    return [id, same, query, body];
  }

  @Operation('emit')
  emit(@Payload() values: unknown[]): unknown {
    return from(values);
  }

  @Operation('fail')
  fail(): never {
    throw new ReferenceError('original');
  }

  @Operation('decorated')
  decorated(@User() user: boolean): unknown {
    trace.push('handler');
    return user;
  }

  @Operation('guarded')
  @UseGuards({ canActivate: asHttpUser })
  guarded(): void {
    trace.push('handler');
  }

  @Operation('guarded as a socket')
  @UseGuards({ canActivate: asWsUser })
  guardedAsSocket(): void {
    trace.push('handler');
  }

  @Operation('intercepted')
  @UseInterceptors({ intercept: (host: ExecutionContext) => from([asHttpUser(host)]) })
  intercepted(): void {
    trace.push('handler');
  }
}

describe('the order around a handler', () => {
  it.each([
    ['global interceptors that live as long as the application', Scope.DEFAULT, ['library', 'provided', 'useGlobal']],
    ['global interceptors made for each call', Scope.REQUEST, ['library', 'useGlobal', 'provided']],
  ])('is the same in a step, over RPC and over HTTP, with %s', async (_, scope, globals) => {
    const provided = { provide: APP_INTERCEPTOR, scope, useFactory: () => tracing(trace, 'provided') };
    const library = feature({ providers: [...(addingInterceptor(tracing(trace, 'library')) ?? []), provided] });
    const { app, rpc, run } = await boot({ imports: [library] });
    const order = [...globals, 'class', 'pipe', 'handler'];

    expect(await run('save', { id: 1 })).toEqual([true, true]);
    expect(trace.splice(0)).toEqual(['orchestrator', ...order]);
    expect(await rpc.call('save', { id: 1 })).toEqual([true, true]);
    expect(trace.splice(0)).toEqual(['rpc', ...order]);
    await app.listen(0);
    await fetch(`${await app.getUrl()}/items`, { method: 'POST', body: new URLSearchParams('id=1') });
    expect(trace).toEqual(['http', ...order.slice(0, -2)]); // then a global pipe refuses: '1' is no integer
  });

  it('has the bracket once, inside the guards and outside every interceptor, until the output is there', async () => {
    const { bind } = await boot();
    const save = bind(ItemsController, 'save', async (args, next) => {
      trace.push('bracket', ...(args[1] === CONTEXT ? ['with the context'] : []));
      const output = await next();
      trace.push('purge');
      return output;
    });
    expect(await save({ id: 1 })).toEqual([true, true]);
    expect(trace).toEqual([
      'orchestrator',
      'bracket',
      'with the context',
      'useGlobal',
      'class',
      'pipe',
      'handler',
      'purge',
    ]);
  });

  it('does not reach the bracket when a guard refuses', async () => {
    const { bind } = await boot();
    const save = bind(ItemsController, 'save', () => Promise.reject(new Error('the bracket was reached')));
    await expect(save({ id: 'forbidden' })).rejects.toThrow(ForbiddenException);
  });
});

describe('parameters and outputs', () => {
  it('gives a handler without parameter decorators its input through its pipes, as RPC does', async () => {
    const { rpc, run } = await boot();
    expect(await run('plain', { id: 1 })).toEqual(await rpc.call('plain', { id: 1 }));
    await expect(run('plain', { id: 'x' })).rejects.toThrow(BadRequestException);
  });

  it('takes the last value of an Observable, and null of an empty one', async () => {
    const { run } = await boot();
    expect([await run('emit', [1, 2]), await run('emit', [])]).toEqual([2, null]);
  });

  it('leaves an Observable whose step is given up, through its interceptors', async () => {
    const subscribed = deferred();
    let left = false;
    @Controller()
    class EndlessController {
      @Operation('endless') endless(): Observable<number> {
        return new Observable((subscriber) => {
          subscriber.next(1);
          subscribed.resolve();
          return () => {
            left = true;
          };
        });
      }
    }
    const { registry } = await boot({ controllers: [EndlessController] });
    const given = new AbortController();
    const operation = registry.find('shop', { step_id: 's1', operation: 'endless' });
    const answer = operation.invoke({}, { ...CONTEXT, signal: given.signal });
    await subscribed.promise;
    given.abort(new Error('the deadline passed'));
    await expect(answer).rejects.toThrow('the deadline passed');
    expect(left).toBe(true);
  });

  it('heeds class guards and its own parameters after others have bound the same method with theirs', async () => {
    const { app, run } = await boot();
    const items = app.get(ItemsController);
    const stock = app.get(ExternalContextCreator);
    const asOthersDo = (answer: unknown): Promise<unknown> =>
      stock.create(items, items.parts.bind(items), 'parts', '__routeArguments__', {
        exchangeKeyForValue: () => answer,
      })();
    expect([await asOthersDo(1), await asOthersDo(2)].flat()).toEqual(Array(8).fill(1)); // stock Nest keeps the first parameters
    expect(trace).not.toContain('http'); // and skips the guards of a controller's class

    expect(await run('parts', { id: 7 })).toEqual([7, 7, { id: 7 }, { id: 7 }]);
    await expect(run('parts', { id: 'forbidden' })).rejects.toThrow(ForbiddenException);
  });
});

describe('what takes the input for a request is refused, with the fix', () => {
  it.each([
    [
      'a guard',
      'guarded',
      'ItemsController.guarded runs as operation "guarded" of a workflow: there is no HTTP request',
    ],
    ['a parameter decorator', 'decorated', 'ItemsController.decorated runs as operation "decorated"'],
    ['an interceptor', 'intercepted', 'ItemsController.intercepted runs as operation "intercepted"'],
    ['a guard for sockets', 'guarded as a socket', 'there is no WebSocket client'],
  ])('%s', async (_, operation, message) => {
    const { run } = await boot();
    const attempt = run(operation, { user: true });
    await expect(attempt).rejects.toThrow(message);
    await expect(attempt).rejects.toMatchObject({ code: 'NOT_A_REQUEST', status: 403 });
    await expect(attempt).rejects.toThrow('ask context.getType() first');
    expect(trace).not.toContain('handler');
  });
});

describe('an exception filter', () => {
  it.each<[string, string, typeof translation]>([
    ['gone', 'emits an HttpException', () => throwError(() => new GoneException('gone'))],
    ['teapot', 'rejects with an RpcException', () => Promise.reject(new RpcException('teapot'))],
    ['busy', 'throws what has a status', () => Promise.reject(Object.assign(new Error('busy'), { statusCode: 503 }))],
    ['original', 'returns', () => 'output'],
    ['original', 'has a bug', (host) => (host as unknown as Response).text()],
    [
      'original',
      'takes the input for a request',
      (host) => {
        if (host.switchToHttp().getRequest<{ user: boolean }>().user) throw new GoneException('forged');
      },
    ],
    ['original', 'replies', (host) => host.switchToHttp().getResponse<Response>().text()],
  ])('leaves the %s error when it %s', async (message, _, filter) => {
    translation = filter;
    await expect((await boot()).run('fail', { user: true })).rejects.toThrow(message);
  });
});

describe('a controller that is not static', () => {
  function controller(name: string, durable: boolean): Type {
    @Controller({ scope: Scope.REQUEST, durable })
    class RequestController {
      constructor(@Inject(REQUEST) readonly request: unknown) {}

      @Operation(name)
      show(): unknown {
        return this;
      }
    }
    return RequestController;
  }

  afterEach(() => {
    ContextIdFactory.apply(undefined as never);
  });

  it('is made for every call with REQUEST as in RPC, and a durable one once for each tenant', async () => {
    const tenants: Record<string, ContextId> = { a: { id: 1 }, b: { id: 2 } };
    ContextIdFactory.apply({
      attach(own: ContextId, { data }: { data: string }): ContextIdResolver {
        return {
          resolve: (host) => (host.isTreeDurable ? (tenants[data] ?? own) : own),
          payload: { tenant: data },
        };
      },
    });
    const { run } = await boot({ controllers: [controller('durable', true), controller('scoped', false)] });
    const [durable, scoped] = [await run('durable', 'a'), await run('scoped', 'a')];
    expect(await run('durable', 'a')).toBe(durable);
    expect(await run('durable', 'b')).toHaveProperty('request', { tenant: 'b' });
    expect(await run('scoped', 'a')).not.toBe(scoped);
    expect(scoped).toMatchObject({ request: { pattern: 'scoped', data: 'a', context: CONTEXT, tenant: 'a' } });
  });
});

describe('a version of Nest that is made otherwise', () => {
  const stock = Object.getOwnPropertyDescriptors(GuardsConsumer.prototype);

  afterEach(() => {
    Object.defineProperties(GuardsConsumer.prototype, stock);
  });

  it('is refused at boot, by the name of what is missing, instead of showing guards an HTTP request', async () => {
    Reflect.deleteProperty(GuardsConsumer.prototype, 'createContext');
    await expect(boot()).rejects.toThrow('This version of @nestjs/core lacks GuardsConsumer.createContext');
  });
});
