import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Body,
  type CanActivate,
  Controller,
  type DynamicModule,
  Get,
  Headers,
  Injectable,
  Post,
  Req,
  Scope,
  type Type,
  UseGuards,
} from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { Mutates } from '../../../libs/orchestrator/src/decorators/mutates.decorator.js';
import { Operation } from '../../../libs/orchestrator/src/decorators/operation.decorator.js';
import { Reads } from '../../../libs/orchestrator/src/decorators/reads.decorator.js';
import { Sensitive } from '../../../libs/orchestrator/src/decorators/sensitive.decorator.js';
import { ConfigurationError } from '../../../libs/orchestrator/src/errors/configuration.error.js';
import {
  bootOperations,
  feature,
  type OperationsApp,
  type OperationsAppOptions,
  serviceModule,
} from '../../support/operations.js';

const apps: OperationsApp[] = [];

async function boot(options: OperationsAppOptions): Promise<OperationsApp> {
  const booted = await bootOperations(options);
  apps.push(booted);
  return booted;
}

/** The error at which the application does not start. */
async function refusal(options: OperationsAppOptions): Promise<string> {
  const error: unknown = await boot(options).then(
    () => new Error('it booted'),
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(ConfigurationError);
  return (error as Error).message;
}

afterEach(async () => {
  await Promise.all(apps.splice(0).map(({ app }) => app.close()));
});

@Controller()
class ItemsController {
  @Operation('get-item')
  @Reads('item', { id: 'id' })
  get(@Payload('id') id: unknown): unknown {
    return { id };
  }

  @Operation('save-item')
  @MessagePattern('items.save')
  @Mutates('item', { id: 'id' })
  @Sensitive('card_number')
  save(@Payload() input: unknown): unknown {
    return input;
  }

  @MessagePattern('void-item')
  @Mutates('item')
  void(): string {
    return 'voided';
  }

  @MessagePattern('plain')
  plain(): string {
    return 'plain';
  }

  helper(): string {
    return 'no operation';
  }
}

describe('what becomes an operation', () => {
  it('is what @Operation names and every message pattern that our decorators describe, and nothing else', async () => {
    const { registry } = await boot({ controllers: [ItemsController] });
    expect(registry.names('shop')).toEqual(['get-item', 'save-item', 'void-item']);
    expect(registry.get('shop', 'get-item')).toMatchObject({ mutates: false, reads: [{ resource: 'item', id: 'id' }] });
    expect(registry.get('shop', 'save-item')).toMatchObject({
      mutates: true,
      mutated: { resource: 'item', id: 'id' },
      sensitiveInputFields: ['card_number'],
      handler: 'ItemsController.save',
    });
    expect(registry.get('shop', 'void-item')).toMatchObject({ mutates: true, mutated: { resource: 'item' } });
  });

  it('is a plain message pattern too, once operations.json lists it', async () => {
    const { registry, run } = await boot({
      controllers: [ItemsController],
      services: { shop: { plain: { mutates: true, resource_type: 'item' } } },
      imports: [serviceModule('shop')],
    });
    expect(registry.get('shop', 'plain')).toMatchObject({ mutates: true, mutated: { resource: 'item' } });
    expect(await run('plain')).toBe('plain');
  });

  it('keeps what a subclass inherits, and drops what it overrides without decorators, as Nest does', async () => {
    @Controller()
    class SpecialItemsController extends ItemsController {
      override void(): string {
        return 'no handler any more';
      }
    }
    const { registry } = await boot({ controllers: [SpecialItemsController] });
    expect(registry.names('shop')).toEqual(['get-item', 'save-item']);
  });

  it('is no message pattern that nothing describes, and who names it is told so', async () => {
    const { run, registry } = await boot({ controllers: [ItemsController] });
    await expect(async () => run('plain')).rejects.toThrow(
      "ItemsController.plain is a @MessagePattern only: add @Operation('plain'), @Reads or @Mutates, or list it in",
    );
    expect(registry.plainHandler('shop', 'save-item')).toBeUndefined();
  });

  it('subscribes to no message by @Operation alone', async () => {
    const { rpc } = await boot({ controllers: [ItemsController] });
    expect([...rpc.getHandlers().keys()]).toEqual(['items.save', 'void-item', 'plain']);
  });
});

describe('JSON Schemas of an operation', () => {
  const id = { type: 'object', required: ['id'], properties: { id: { type: 'integer' } } };
  const services = { shop: { 'get-item': { input: id, output: id } } };

  it('are checked before the handler and after it', async () => {
    const { run } = await boot({ controllers: [ItemsController], imports: [serviceModule('shop')], services });
    expect(await run('get-item', { id: 7 })).toEqual({ id: 7 });
    await expect(run('get-item', { id: 'seven' })).rejects.toMatchObject({ code: 'INPUT_INVALID', status: 400 });

    @Controller()
    class CarelessController {
      @Operation('get-item')
      get(): unknown {
        return {};
      }
    }
    const careless = await boot({ controllers: [CarelessController], imports: [serviceModule('shop')], services });
    await expect(careless.run('get-item', { id: 7 })).rejects.toMatchObject({ code: 'OUTPUT_INVALID' });
    await expect(careless.run('get-item', { id: 7 })).rejects.toThrow('The output of operation "get-item" of "shop"');
  });

  it('see an output as JSON has it', async () => {
    @Controller()
    class DatedController {
      @Operation('today', { output: { type: 'object', properties: { at: { type: 'string', format: 'date-time' } } } })
      today(): unknown {
        return { at: new Date(0) };
      }
    }
    const { run } = await boot({ controllers: [DatedController] });
    expect(await run('today')).toEqual({ at: new Date(0) });
  });

  it('let a guard speak first: who may not call learns nothing of the input', async () => {
    @Controller()
    @UseGuards({ canActivate: () => false })
    class ClosedController {
      @Operation('get-item')
      get(): string {
        return 'unreachable';
      }
    }
    const { run } = await boot({ controllers: [ClosedController], imports: [serviceModule('shop')], services });
    await expect(run('get-item', { id: 'seven' })).rejects.toThrow('Forbidden resource');
  });

  it('are refused at boot when they are none', async () => {
    const broken = { shop: { 'get-item': { input: { type: 'text' } } } };
    const message = await refusal({
      controllers: [ItemsController],
      imports: [serviceModule('shop')],
      services: broken,
    });
    expect(message).toContain('The input schema of operation "get-item" of "shop" cannot be used.');
    expect(message).toContain('type');
  });
});

describe('the service that owns a controller', () => {
  const shared = serviceModule('shared');
  const owned = (imports: DynamicModule[]): OperationsAppOptions => ({
    controllers: [ItemsController],
    imports,
    services: { orders: {}, shared: {} },
  });

  it.each<[string, string, DynamicModule[]]>([
    ['orders', 'imports it', [serviceModule('orders')]],
    ['shared', 'imports a module that exports it', [feature({ imports: [shared], exports: [shared] })]],
    ['orders', 'lives beside a global one', [feature({ imports: [serviceModule('orders', true)] })]],
  ])('is "%s" for a controller whose module %s', async (service, _, imports) => {
    const { registry } = await boot(owned(imports));
    expect(registry.names(service)).toContain('get-item');
    expect(['orders', 'shared'].filter((name) => registry.names(name).length > 0)).toEqual([service]);
  });

  it.each<[string, string, DynamicModule[]]>([
    ['sees no service', 'imports none', []],
    ['sees several services (orders, shared)', 'imports two', [serviceModule('orders'), shared]],
  ])('must be one: %s when the module %s', async (seen, _, imports) => {
    const message = await refusal(owned(imports));
    expect(message).toContain(seen);
    expect(message).toContain('import exactly one OrchestratorModule.forRoot');
  });

  it('is not asked of a controller that has no operation', async () => {
    @Controller()
    class HealthController {
      @Get() @MessagePattern('health') health(): string {
        return 'ok';
      }
    }
    await boot({ controllers: [HealthController], imports: [], services: { orders: {} } });
  });

  it('is one for every module that lists the class', async () => {
    const [orders, invoices] = ['orders', 'invoices'].map((service) =>
      feature({ imports: [serviceModule(service)], controllers: [ItemsController] }),
    );
    const imports = [orders, invoices].filter((module) => module !== undefined);
    expect(await refusal({ imports, services: { orders: {}, invoices: {} } })).toContain(
      'ItemsController is a controller of two services, orders and invoices',
    );
  });
});

describe('an application does not start when', () => {
  const only = (controller: Type, operations: OperationsAppOptions['services'] = {}): OperationsAppOptions => ({
    controllers: [controller],
    imports: [serviceModule('shop')],
    services: { shop: {}, ...operations },
  });

  it('an operation has two handlers', async () => {
    @Controller()
    class CopyController {
      @Operation('get-item') copy(): void {
        return;
      }
    }
    expect(await refusal({ controllers: [ItemsController, CopyController] })).toContain(
      'operation "get-item" of "shop" has two handlers, ItemsController.get and CopyController.copy',
    );
  });

  it('a decorator and operations.json say different things: it names both', async () => {
    const message = await refusal(only(ItemsController, { shop: { 'void-item': { mutates: false } } }));
    expect(message).toBe(
      'mutates of operation "void-item" of "shop" is said twice and differently: true by @Mutates on ItemsController.void, ' +
        'false by the operations option. Say it in one place.',
    );
  });

  it('operations.json lists an operation that nobody handles: it names the nearest', async () => {
    const message = await refusal(only(ItemsController, { shop: { 'get-itme': { mutates: false } } }));
    expect(message).toContain('lists operation "get-itme" of "shop", which no handler has; "get-item" has one.');
  });

  it('a described handler has no name', async () => {
    @Controller()
    class NamelessController {
      @EventPattern('changed') @Mutates('item') changed(event: unknown): unknown {
        return event;
      }
    }
    expect(await refusal(only(NamelessController))).toContain(
      'NamelessController.changed has @Mutates but no name that a step could call it by',
    );
  });

  it('an operation is a method of a provider', async () => {
    @Injectable()
    class ItemsService {
      @Operation('get-item') get(): void {
        return;
      }
    }
    expect(await refusal({ providers: [ItemsService] })).toContain(
      'ItemsService.get is an operation of a provider. Operations are methods of controllers',
    );
  });

  describe('an operation takes what only an HTTP request has:', () => {
    @Controller('request')
    class RequestController {
      @Operation('x') x(@Body() body: unknown, @Req() request: unknown): unknown {
        return [body, request];
      }
    }
    @Controller('header')
    class HeaderController {
      @Operation('x') x(@Headers('authorization') taken: unknown): unknown {
        return taken;
      }
    }
    @Controller('headers')
    class HeadersController {
      @Post() @Operation('x') x(@Headers() taken: unknown): unknown {
        return taken;
      }
    }
    @Controller({ path: 'scoped', scope: Scope.REQUEST })
    class ScopedController {
      @Operation('x') x(@Req() taken: unknown): unknown {
        return taken;
      }
    }

    it.each([
      ['the request', RequestController, 'RequestController.x is an operation, but its parameter 1 is REQUEST'],
      ['a header', HeaderController, 'HeaderController.x is an operation, but its parameter 0 is HEADERS'],
      ['all headers', HeadersController, 'HeadersController.x is an operation, but its parameter 0 is HEADERS'],
      ['the request of a scoped controller', ScopedController, 'ScopedController.x is an operation'],
    ])('%s', async (_, controller, message) => {
      expect(await refusal(only(controller))).toContain(message);
    });
  });

  it('a wrapper has dropped the metadata of the handler below it', async () => {
    const Timed = (): MethodDecorator => (_, __, descriptor) => {
      const method = descriptor.value as unknown as (...args: unknown[]) => unknown;
      descriptor.value = function (this: unknown, ...args: unknown[]) {
        return method.apply(this, args);
      } as never;
    };
    @Controller()
    class TimedController {
      @Timed()
      @Operation('get-item')
      @UseGuards({ canActivate: () => false })
      get(): string {
        return 'unguarded';
      }
    }
    expect(await refusal(only(TimedController))).toContain(
      'TimedController.get was replaced by a wrapper without __guards__, orchestrator:operation',
    );
  });

  it('an instance replaces its handler by a wrapper, and with it the guards', async () => {
    @Controller()
    class RebindingController {
      constructor() {
        const get = this.get.bind(this);
        this.get = () => get();
      }

      @Operation('get-item')
      @UseGuards({ canActivate: () => false })
      get(): string {
        return 'unguarded';
      }
    }
    expect(await refusal(only(RebindingController))).toContain(
      'Of the 1 guards declared for RebindingController.get (global, class, method) Nest resolved 0',
    );
  });
});

describe('a handler of a request-scoped controller', () => {
  it('is refused at its call when its guards would not run', async () => {
    const closed: CanActivate = { canActivate: () => false };
    @Controller({ scope: Scope.REQUEST })
    class RebindingController {
      constructor() {
        const get = this.get.bind(this);
        this.get = () => get();
      }

      @Operation('get-item')
      @UseGuards(closed)
      get(): string {
        return 'unguarded';
      }
    }
    const { run } = await boot({ controllers: [RebindingController] });
    await expect(run('get-item')).rejects.toThrow(ConfigurationError);
  });
});
