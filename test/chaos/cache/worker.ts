import 'reflect-metadata';
import { type CacheOptions, type CoherenceDefinition } from '../../../libs/orchestrator/src/index.js';
import { targetOf } from '../../../libs/orchestrator/src/cache/redis/redis-cache.options.js';
import { redisCache } from '../../../libs/orchestrator/src/redis.js';
import type { History, Versions } from '../../support/coherence/history.js';
import { ItemsApp } from '../../support/coherence/items.app.js';
import { RandomStage } from '../../support/coherence/random-stage.js';
import type { Stage } from '../../support/coherence/stage.js';
import { Database, World } from '../../support/coherence/world.js';
import { Prng } from '../../support/random/prng.js';
import { WithoutEpoch } from '../../support/redis/epochs.js';
import { CountedTokens, PatternTokens } from '../../support/redis/faulty.js';
import type { ItemsSetting, Query, Said, Told } from './wire.js';

// One process with an application of items; its database is with whoever started it.

const asked = new Map<number, (answer: Versions | number) => void>();
let questions = 0;

const say = (said: Said): void => void process.send?.(said);

const ask = <T extends Versions | number>(query: Query): Promise<T> =>
  new Promise((resolve) => {
    const id = (questions += 1);
    asked.set(id, (answer) => {
      resolve(answer as T);
    });
    say({ ...query, id });
  });

class FarDatabase extends Database {
  override read(...cells: readonly string[]): Promise<Versions> {
    return ask({ kind: 'read', cells });
  }

  override commit(mutation: number, cell: string): Promise<number> {
    return ask({ kind: 'commit', mutation, cell });
  }
}

class FarWorld extends World {
  override readonly database: Database;

  constructor(stage: Stage, history?: History) {
    super(stage);
    this.database = new FarDatabase(stage, history ?? this.history);
  }
}

function cacheOf({ url, memory, fault }: ItemsSetting): CacheOptions {
  const shared = redisCache({ url, ...(memory !== undefined && { memory }) });
  const tokens: Readonly<Record<string, CoherenceDefinition['create']>> = {
    'counted tokens': ({ namespace }) => new CountedTokens(url, namespace),
    'no epoch': (of) => new WithoutEpoch(targetOf({ url }), of),
    'purge by pattern': () => new PatternTokens(url, 'workflow:step:*'),
  };
  const create = fault && tokens[fault];
  return create === undefined ? shared : { ...shared, coherence: { kind: 'faulty', create } };
}

const setting = JSON.parse(process.env['ITEMS'] ?? '{}') as ItemsSetting;
const stage = new RandomStage(new Prng(setting.seed));
const app = await ItemsApp.boot(stage, {
  world: new FarWorld(stage),
  namespace: setting.namespace,
  cache: cacheOf(setting),
});
process.on('message', (told: Told) => {
  if (told.kind === 'count') {
    say({ kind: 'counted', counters: app.cache.counters() });
    return;
  }
  asked.get(told.id)?.(told.answer);
  asked.delete(told.id);
});
process.once('disconnect', () => process.exit()); // whoever started it is gone
say({ kind: 'ready', ports: app.ports });
