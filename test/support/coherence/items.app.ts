import { Agent, request } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { type INestApplication, Module, type NestInterceptor } from '@nestjs/common';
import { ApplicationConfig } from '@nestjs/core';
import { type ClientProxy, ClientProxyFactory, Transport } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { Keyv } from 'keyv';
import { lastValueFrom } from 'rxjs';
import {
  type CacheOptions,
  type Coherence,
  getOrchestratorToken,
  OrchestratorModule,
  StepCache,
  type WorkflowOrchestrator,
} from 'nest-orchestrator';
import { OperationInterceptor } from '../../../libs/orchestrator/src/cache/operation.interceptor.js';
import { MemoryCoherence } from '../../../libs/orchestrator/src/cache/memory/memory.coherence.js';
import { StepCaches } from '../../../libs/orchestrator/src/cache/step-caches.js';
import { OperationRegistry } from '../../../libs/orchestrator/src/operations/operation.registry.js';
import { caller } from '../everywhere.js';
import { ItemsController, Loading, Spelling, Transaction } from './items.js';
import type { Stage } from './stage.js';
import { World } from './world.js';

/** How an application stands to others, and what it is made of. */
export interface ItemsTerms {
  /** Whether the library's interceptor stands within the one that commits, where it does not put itself. */
  readonly misplaced?: boolean;
  /** What several applications share. Default: its own. */
  readonly world?: World;
  /** Default: a store and tokens of its world, whose every call takes its time. */
  readonly cache?: CacheOptions;
  readonly namespace?: string;
}

/** The application of {@link ItemsController}, on real time, with HTTP and RPC servers on free ports of this machine. */
export class ItemsApp {
  private readonly agent = new Agent({ keepAlive: true });

  private constructor(
    private readonly app: INestApplication,
    readonly world: World,
    private readonly client: ClientProxy,
    private readonly port: number,
  ) {}

  static async boot(stage: Stage, terms: ItemsTerms = {}): Promise<ItemsApp> {
    const { misplaced = false, world = new World(stage) } = terms;
    const building = Test.createTestingModule({ imports: [moduleOf(world, terms)] });
    if (misplaced) building.overrideProvider(OperationInterceptor).useValue({});
    const app = (await building.compile()).createNestApplication({ logger: false });
    app.useGlobalInterceptors(new Transaction(), ...(misplaced ? [anotherInterceptor(app)] : []));
    const server = app.connectMicroservice(
      { transport: Transport.TCP, options: { host: '127.0.0.1', port: 0 } },
      { inheritAppConfig: true },
    );
    await app.listen(0, '127.0.0.1');
    await app.startAllMicroservices();
    const { port } = server.unwrap<Server>().address() as AddressInfo;
    const client = ClientProxyFactory.create({ transport: Transport.TCP, options: { host: '127.0.0.1', port } });
    const { port: http } = (app.getHttpServer() as Server).address() as AddressInfo;
    return new ItemsApp(app, world, client, http);
  }

  get orchestrator(): WorkflowOrchestrator {
    return this.app.get<WorkflowOrchestrator>(getOrchestratorToken('items'), { strict: false });
  }

  get cache(): StepCache {
    return this.app.get(StepCache, { strict: false });
  }

  http<T>(method: string, path: string, tenant: string | undefined, body?: object): Promise<T> {
    const headers = { 'content-type': 'application/json', ...(tenant !== undefined && { tenant }) };
    return new Promise((resolve, reject) => {
      const call = request(
        { host: '127.0.0.1', port: this.port, path, method, agent: this.agent, headers },
        (answer) => {
          let text = '';
          answer.setEncoding('utf8').on('data', (part: string) => (text += part));
          answer.on('end', () => {
            if (answer.statusCode === 200) resolve(JSON.parse(text) as T);
            else reject(new Error(`${method} ${path}: ${text}`));
          });
        },
      );
      call.on('error', reject).end(body && JSON.stringify(body));
    });
  }

  rpc<T>(name: string, tenant: string | undefined, input: object): Promise<T> {
    return lastValueFrom(this.client.send<T>(name, { ...input, tenant }));
  }

  async close(): Promise<void> {
    this.agent.destroy();
    this.client.close();
    await this.app.close();
  }
}

function moduleOf(world: World, { cache = stagedCache(world), namespace }: ItemsTerms): new () => unknown {
  @Module({
    imports: [
      OrchestratorModule.forRoot({
        service: 'items',
        caller,
        cache,
        ...(namespace !== undefined && { namespace }),
      }),
    ],
    controllers: [ItemsController],
    providers: [{ provide: World, useValue: world }, Spelling, Loading],
  })
  class ItemsModule {}
  return ItemsModule;
}

const stagedCache = (world: World): CacheOptions => ({
  timeout: '1m', // a machine that is busy is not slow
  stores: new Keyv({ store: storeOf(world), useKeyPrefix: false }),
  coherence: { kind: 'staged', create: () => staged(new MemoryCoherence(), world.stage) },
});

function anotherInterceptor(app: INestApplication): NestInterceptor {
  const nowhere = new ApplicationConfig();
  return new OperationInterceptor(
    nowhere,
    app.get(OperationRegistry, { strict: false }),
    app.get(StepCaches, { strict: false }),
  );
}

/** As a Keyv wants it. */
function storeOf({ store, stage }: World): object {
  return {
    get: (key: string) => store.get(key),
    set: (key: string, value: unknown) => store.set(key, value),
    delete: (key: string) => store.delete(key),
    clear: () => stage.step('clears', () => undefined),
  };
}

/** Tokens whose every call takes its time. */
function staged(tokens: Coherence, stage: Stage): Coherence {
  const [read, purge] = [tokens.read.bind(tokens), tokens.purge.bind(tokens)];
  tokens.read = (tags) => stage.step('reads tokens', () => read(tags));
  tokens.purge = (tags) => stage.step('purges', () => purge(tags));
  return tokens;
}
