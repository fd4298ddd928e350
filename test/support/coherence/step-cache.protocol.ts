import { MetadataScanner, type ModulesContainer } from '@nestjs/core';
import type { Cache } from 'cache-manager';
import { Brackets } from '../../../libs/orchestrator/src/cache/brackets.js';
import { StepCache } from '../../../libs/orchestrator/src/cache/step-cache.js';
import { fieldIn } from '../../../libs/orchestrator/src/cache/fields.js';
import { Mutates } from '../../../libs/orchestrator/src/decorators/mutates.decorator.js';
import { Operation } from '../../../libs/orchestrator/src/decorators/operation.decorator.js';
import type { Bracket } from '../../../libs/orchestrator/src/operations/handler-call.js';
import { HandlerProbe } from '../../../libs/orchestrator/src/operations/handler.probe.js';
import type { Operation as Declared } from '../../../libs/orchestrator/src/operations/operation.js';
import {
  type BoundOperation,
  OperationRegistry,
} from '../../../libs/orchestrator/src/operations/operation.registry.js';
import type { Versions } from './history.js';
import { StagedFlights, StagedTokens } from './staged-ports.js';
import type { Protocol, Question, World } from './world.js';

interface Input {
  readonly id: string;
  /** What a pipe has read already. */
  readonly loaded?: Versions;
}

/** Its methods have the library's own probe. */
class ShopController {
  constructor(private readonly world: World) {}

  @Operation('get')
  get({ id, loaded }: Input): Versions | Promise<Versions> {
    return loaded ?? this.world.database.read(id);
  }

  @Operation('list')
  list(ids: readonly string[]): Promise<Versions> {
    return this.world.database.read(...ids);
  }

  @Operation('set')
  @Mutates()
  async set({ id }: Input, mutation: number): Promise<number> {
    return this.world.database.commit(mutation, id);
  }

  /** What an interceptor commits that stands around it. */
  @Operation('stage')
  @Mutates()
  async stage(_: Input): Promise<void> {
    await this.world.stage.step('stages a change', () => undefined);
  }
}

const controllers = new Map([['shop', { metatype: ShopController }]]);
new HandlerProbe(new Map([['shop', { controllers }]]) as unknown as ModulesContainer, new MetadataScanner());

const ITEM = { resource: 'item', id: 'id' };
const DECLARED: readonly (Omit<Declared, 'service'> & { readonly mutates: boolean })[] = [
  { name: 'get', mutates: false, reads: [ITEM] },
  { name: 'list', mutates: false, reads: [{ resource: 'item' }] },
  { name: 'set', mutates: true, mutated: ITEM },
  { name: 'stage', mutates: true, mutated: ITEM },
];

const REGISTRY = new OperationRegistry();
REGISTRY.addService('shop');
for (const each of DECLARED) {
  const bound: BoundOperation = {
    ...each,
    service: 'shop',
    handler: `ShopController.${each.name}`,
    parameters: { inputs: [{ index: 0, field: undefined, from: 'body' }], declared: true, madePerCall: false },
    invoke: () => Promise.reject(new Error('the protocol calls the handlers itself')),
  };
  REGISTRY.add(bound, { type: ShopController, methodName: each.name });
}

function operation(name: string): BoundOperation {
  const found = REGISTRY.get('shop', name);
  if (found === undefined) throw new Error(`There is no operation ${name}.`);
  return found;
}

export interface StepCacheTerms {
  /** What a pipe makes of the input, in a step of its own. Default: there is none. */
  readonly pipe?: (input: Input, world: World) => Promise<Input>;
  /** Whether a mutation is committed by an interceptor, and where that stands: around the cache's bracket, or within. */
  readonly transaction?: 'around' | 'within';
  /** Whether a mutation may be given up before it has settled. */
  readonly deadline?: boolean;
  /** Whether the reply of the first purge is a step of its own. */
  readonly slowReply?: boolean;
}

const CALLER = { tenantId: 'acme' };
const TTL = 1_000;

/** The library's own step cache, as the runner of tasks uses it: each call of a port is a step. */
export class StepCacheProtocol implements Protocol {
  private readonly brackets: Brackets;
  private readonly tokens: StagedTokens;
  private readonly shop: ShopController;
  private readonly events = new Set<string>();

  constructor(
    private readonly world: World,
    private readonly terms: StepCacheTerms = {},
  ) {
    const { stage, store, clock } = world;
    this.shop = new ShopController(world);
    this.tokens = new StagedTokens(stage, terms.slowReply ?? false);
    const stores = [{ opts: { store: new Map() }, get: store.get.bind(store), set: store.set.bind(store) }];
    this.brackets = new Brackets(
      {
        service: 'shop',
        namespace: 'n',
        ttl: TTL,
        size: 10,
        maxEntryBytes: 1_000,
        timeout: 50,
        whenPurgeFails: 'strict',
        verifySampleRate: 0,
      },
      () => ({ stores }) as unknown as Cache,
      this.tokens,
      REGISTRY,
      clock,
    );
    Object.assign(this.brackets, { flights: new StagedFlights(stage, clock) });
    this.brackets.events.events$.subscribe(({ type, reason }) =>
      this.events.add(reason === null ? type : `${type}: ${reason}`),
    );
    this.brackets.open();
  }

  /** What the cache has done. */
  get told(): readonly string[] {
    return [...this.events].sort();
  }

  async read(question: Question): Promise<Versions> {
    const { shop, terms, world } = this;
    const isList = typeof question !== 'string';
    const input: unknown = isList ? question : { id: question };
    const reading = this.brackets.reading(operation(isList ? 'list' : 'get'), {
      contextType: 'orchestrator',
      caller: CALLER,
      input,
      fieldOf: (field) => fieldIn(input, field),
      origin: { context: 'workflow' },
      collapses: true,
    });
    if (reading === undefined) throw new Error('It is not cached.');
    const answer = await reading.around(async () => {
      if (isList) return call(shop, 'list', [question], reading);
      const given = { id: question };
      return call(shop, 'get', [terms.pipe === undefined ? given : await terms.pipe(given, world)], reading);
    });
    return answer as Versions;
  }

  async mutate(cell: string, mutation: number): Promise<void> {
    const { shop, world, terms } = this;
    const input = { id: cell };
    const commit = (): Promise<number> => world.database.commit(mutation, cell);
    const bracket = this.brackets.mutating([operation(terms.transaction === undefined ? 'set' : 'stage')], CALLER, {
      context: 'workflow',
    });
    if (bracket === undefined) throw new Error('The cache is off.');
    const working = bracket.around(async () => {
      if (terms.transaction === undefined) return call(shop, 'set', [input, mutation], bracket);
      await call(shop, 'stage', [input], bracket);
      return terms.transaction === 'within' ? commit() : undefined;
    });
    const deadline =
      terms.deadline === true ? world.stage.step('gives up', () => undefined, { optional: true }) : working;
    await Promise.race([working, deadline]);
    if (!(await bracket.end())) throw new Error('It could not be purged.');
    if (terms.transaction === 'around') await commit();
    await working; // nobody is told how it ended before it has
  }

  /** What a redelivery does where an outcome is recorded. */
  async replay(cell: string): Promise<void> {
    const { dependsOn, purges } = await new StepCache(this.brackets, REGISTRY).explain('set', { id: cell }, CALLER);
    if (dependsOn.length > 0) throw new Error('It is no mutation.');
    await this.brackets.purge(purges, 'set', { context: 'workflow' });
  }

  forget(): void {
    this.tokens.forget();
  }

  /** All that is stored expires. */
  expire(): void {
    this.world.clock.pass(TTL);
  }
}

/** Calls a handler as Nest does in a step, once its pipes are done: its bracket stands behind its arguments. */
function call(
  shop: ShopController,
  method: 'get' | 'list' | 'set' | 'stage',
  args: readonly unknown[],
  bracket: Bracket,
): Promise<unknown> {
  const handler = shop[method] as (...args: unknown[]) => unknown;
  return Promise.resolve(handler.apply(shop, [...args, bracket]));
}

/** Pipes of a call. */
export const PIPES = {
  /** Only spells the id as everybody does. */
  spelling: ({ id }: Input, { stage }: World): Promise<Input> => stage.step('pipes the id', () => ({ id: spelt(id) })),
  /** Loads what the id names: the handler has nothing left to read. */
  loading: async ({ id }: Input, { database, stage }: World): Promise<Input> => {
    const loaded = await database.read(spelt(id));
    return stage.step('pipes the rest', () => ({ id: spelt(id), loaded }));
  },
};

const spelt = (id: string): string => id.trim().toUpperCase();
