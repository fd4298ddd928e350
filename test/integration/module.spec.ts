import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Controller,
  type INestApplicationContext,
  Injectable,
  Module,
  type ModuleMetadata,
  type Type,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Payload } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { MemoryStateStore } from '../../libs/orchestrator/src/state/memory/memory.store.js';
import { SystemClock } from '../../libs/orchestrator/src/utils/clock.js';
import {
  getOrchestratorToken,
  InjectOrchestrator,
  type OrchestratorModuleOptions,
  OrchestratorModule,
  type OrchestratorOptionsFactory,
  Operation,
  type OutgoingMessage,
  WorkflowOrchestrator,
  WorkflowTransport,
} from 'nest-orchestrator';

const open: INestApplicationContext[] = [];
afterEach(() => Promise.all(open.splice(0).map((app) => app.close())));

async function boot(metadata: ModuleMetadata): Promise<INestApplicationContext> {
  @Module(metadata)
  class App {}
  const app = await NestFactory.createApplicationContext(App, { logger: false, abortOnError: false });
  open.push(app);
  return app;
}

const hello = {
  version: '2.1.0',
  name: 'hello',
  steps: [
    { step_id: 'a', type: 'task', service: 'greeter', operation: 'greet', input: { name: '{{api_input.name}}' } },
  ],
};

/** A controller of its own class for every test. */
function greeter(): Type {
  @Controller()
  class Greeter {
    @Operation('greet')
    greet(@Payload() { name }: { name: string }): string {
      return `hello ${name}`;
    }
  }
  return Greeter;
}

const run = (app: INestApplicationContext, service = 'greeter') =>
  app
    .get<WorkflowOrchestrator>(getOrchestratorToken(service), { strict: false })
    .run('hello', { input: { name: 'you' } });

describe('forRootAsync takes its options', () => {
  @Injectable()
  class Options implements OrchestratorOptionsFactory {
    createOrchestratorOptions(): OrchestratorModuleOptions {
      return { cookbooks: [hello] };
    }
  }
  @Module({ providers: [Options], exports: [Options] })
  class OptionsModule {}

  it.each([
    [
      'a factory, which may take its time',
      OrchestratorModule.forRootAsync({
        service: 'greeter',
        useFactory: () => Promise.resolve({ cookbooks: [hello] }),
      }),
    ],
    ['a class', OrchestratorModule.forRootAsync({ service: 'greeter', useClass: Options })],
    [
      'a provider',
      OrchestratorModule.forRootAsync({ service: 'greeter', imports: [OptionsModule], useExisting: Options }),
    ],
  ])('from %s', async (_, module) => {
    expect(await run(await boot({ imports: [module], controllers: [greeter()] }))).toMatchObject({
      output: 'hello you',
    });
  });
});

describe('several services in one process', () => {
  const service = (name: string, controllers: Type[] = []): Type => {
    @Module({
      imports: [OrchestratorModule.forRoot({ service: name, cookbooks: [hello] })],
      controllers,
      exports: [OrchestratorModule],
    })
    class Service {}
    return Service;
  };

  it('have an orchestrator each, told apart by their tokens; the plain class is the one of the importing module', async () => {
    @Injectable()
    class Both {
      constructor(
        @InjectOrchestrator('greeter') readonly first: WorkflowOrchestrator,
        @InjectOrchestrator('other') readonly second: WorkflowOrchestrator,
      ) {}
    }
    const app = await boot({ imports: [service('greeter', [greeter()]), service('other')], providers: [Both] });
    const { first, second } = app.get(Both);
    expect(first).not.toBe(second);
    expect(first).toBe(app.get(getOrchestratorToken('greeter'), { strict: false }));
    expect((await second.run('hello', { input: { name: 'all' } })).output).toBe('hello all');
  });

  it('may not have the same name', async () => {
    await expect(boot({ imports: [service('greeter'), service('greeter')] })).rejects.toThrow(
      'service "greeter" is registered twice',
    );
  });

  it('may not deliver twice: one of them does it for all', async () => {
    const deliver = () => undefined;
    const imports = ['mail', 'sms'].map((name) => OrchestratorModule.forRoot({ service: name, deliver }));
    await expect(boot({ imports })).rejects.toThrow('services "mail" and "sms" both have the option deliver');
  });
});

describe('a mistake is told at boot', () => {
  it.each<[string, object, string]>([
    ['in an option', { timeout: 'soon' }, 'timeout must be a duration'],
    ['in a cookbook', { cookbooks: [{ ...hello, steps: [{ ...hello.steps[0], operation: 'great' }] }] }, 'greet'],
    ['in the folder of cookbooks', { cookbooks: 'no/such/folder' }, 'no/such/folder'],
    ['in the file of operations', { operations: 'no/operations.json' }, 'no/operations.json'],
  ])('%s', async (_, options, message) => {
    const imports = [OrchestratorModule.forRoot({ service: 'greeter', ...options })];
    await expect(boot({ imports, controllers: [greeter()] })).rejects.toMatchObject({
      code: 'CONFIGURATION_INVALID',
      message: expect.stringContaining(message),
    });
  });
});

describe('a transport', () => {
  class Recording extends WorkflowTransport {
    override readonly capabilities = { durable: false, delay: true, competing: true, redelivery: true };
    readonly sent: OutgoingMessage[] = [];
    readonly consumed: string[] = [];
    override browse = (): Promise<[]> => Promise.resolve([]);
    override remove = (): Promise<void> => Promise.resolve();
    override consume = (destination: string): Promise<void> => Promise.resolve(void this.consumed.push(destination));
    override publish = (message: OutgoingMessage): Promise<void> => Promise.resolve(void this.sent.push(message));
    override stop = (): Promise<void> => Promise.resolve();
    override close = (): Promise<void> => Promise.resolve();
  }

  const state = { kind: 'shared', create: () => new MemoryStateStore(new SystemClock()) };

  it('of the options is made once, for the service, when the module is', async () => {
    const made: [string, Recording][] = [];
    const transport = { kind: 'recording', create: (service: string) => { const each = new Recording(); made.push([service, each]); return each; } }; // prettier-ignore
    const imports = [OrchestratorModule.forRoot({ service: 'greeter', transport, state, cookbooks: [hello] })];
    expect(made).toEqual([]);
    const app = await boot({ imports, controllers: [greeter()] });
    await app.init();
    await app.get(WorkflowOrchestrator, { strict: false }).start('hello', { input: { name: 'x' } });
    expect(
      made.map(([service, { consumed, sent }]) => [service, consumed, sent.map(({ destination }) => destination)]),
    ).toEqual([['greeter', ['greeter.workflow', 'greeter.dead'], ['greeter.workflow']]]);
  });

  it('that outlives this process needs run records that do', async () => {
    const durable = { durable: true, delay: true, competing: true, redelivery: true };
    const transport = { kind: 'recording', create: () => Object.assign(new Recording(), { capabilities: durable }) };
    const imports = [OrchestratorModule.forRoot({ service: 'greeter', transport })];
    await expect(boot({ imports })).rejects.toThrow('run records must too');
  });

  it('that cannot hold a message back for as long as a run may live is told at boot', async () => {
    const transport = { kind: 'recording', create: () => Object.defineProperty(new Recording(), 'longestDelay', { value: 3_600_000 }) }; // prettier-ignore
    const bootWith = (lifetime: string) =>
      boot({ imports: [OrchestratorModule.forRoot({ service: 'greeter', transport, state, limits: { lifetime } })] });
    await expect(bootWith('1h')).resolves.toBeDefined();
    await expect(bootWith('61m')).rejects.toThrow(/lets a run live for 3660000 ms .+ recording can hold .+ 3600000 ms/);
  });

  it('can be replaced in a test: nothing of the real one is opened', async () => {
    const transport = { kind: 'real', create: (): never => { throw new Error('a socket was opened'); } }; // prettier-ignore
    const fake = new Recording();
    const module = await Test.createTestingModule({ imports: [OrchestratorModule.forRoot({ service: 'greeter', transport, state })], controllers: [greeter()] })
      .overrideProvider(WorkflowTransport).useValue(fake).compile(); // prettier-ignore
    open.push(await module.init());
    expect(fake.consumed).toEqual(['greeter.workflow', 'greeter.dead']);
  });
});

describe('operations as a function', () => {
  it('that throws fails the step loudly, before its handler', async () => {
    const operations = (): never => {
      throw new Error('the catalogue of operations is away');
    };
    const app = await boot({
      imports: [OrchestratorModule.forRoot({ service: 'greeter', operations, cookbooks: [hello] })],
      controllers: [greeter()],
    });
    await expect(run(app)).rejects.toMatchObject({
      failure: { message: 'the catalogue of operations is away', path: 'a' },
    });
  });
});
