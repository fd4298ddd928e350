import type { AddressInfo, Server } from 'node:net';
import { type INestApplication, Module, type NestInterceptor } from '@nestjs/common';
import { ApplicationConfig } from '@nestjs/core';
import { Transport } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { Keyv } from 'keyv';
import {
  type CacheOptions,
  type Coherence,
  getOrchestratorToken,
  OrchestratorModule,
  StepCache,
  type WorkflowOrchestrator,
} from '../../../libs/orchestrator/src/index.js';
import { OperationInterceptor } from '../../../libs/orchestrator/src/cache/operation.interceptor.js';
import { MemoryCoherence } from '../../../libs/orchestrator/src/cache/memory/memory.coherence.js';
import { StepCaches } from '../../../libs/orchestrator/src/cache/step-caches.js';
import { OperationRegistry } from '../../../libs/orchestrator/src/operations/operation.registry.js';
import { caller } from '../everywhere.js';
import { ItemsClient, type ItemsPorts } from './items.client.js';
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
export class ItemsApp extends ItemsClient {
  private constructor(
    private readonly app: INestApplication,
    readonly world: World,
    ports: ItemsPorts,
  ) {
    super(ports);
  }

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
    const { port: rpc } = server.unwrap<Server>().address() as AddressInfo;
    const { port: http } = (app.getHttpServer() as Server).address() as AddressInfo;
    return new ItemsApp(app, world, { http, rpc });
  }

  get orchestrator(): WorkflowOrchestrator {
    return this.app.get<WorkflowOrchestrator>(getOrchestratorToken('items'), { strict: false });
  }

  get cache(): StepCache {
    return this.app.get(StepCache, { strict: false });
  }

  override async close(): Promise<void> {
    await super.close();
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
