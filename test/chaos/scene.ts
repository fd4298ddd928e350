import { randomUUID } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type INestApplicationContext, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { BrokerUnavailableError } from '../../libs/orchestrator/src/errors/broker-unavailable.error.js';
import { getOrchestratorToken } from '../../libs/orchestrator/src/decorators/inject-orchestrator.decorator.js';
import { OrchestratorModule } from '../../libs/orchestrator/src/orchestrator.module.js';
import type { WorkflowOrchestrator } from '../../libs/orchestrator/src/orchestrator.service.js';
import { rabbitTopology } from '../../libs/orchestrator/src/rabbitmq.js';
import { readEffects } from './effects.js';
import { COOKBOOKS, type Kind, SERVICES } from './runs.js';
import { optionsOf } from './services.js';
import type { Setting } from './settings.js';
import { Terminals } from './terminals.js';
import { type Accepted, judge, type Verdict } from './verdict.js';
import { Workers } from './workers.js';

/** What happens to the processes and servers of a scene while its runs are under way. */
export interface Trouble {
  readonly workers: Workers;
  readonly terminals: Terminals;
  /** Milliseconds since the scene began. */
  readonly since: () => number;
}

export interface Scene {
  readonly name: string;
  readonly runs: number;
  /** Default: alternately chain and fork. */
  readonly kindOf?: (n: number) => Kind;
  /** Characters that each run's input holds beside. */
  readonly padding?: number;
  readonly workers?: number;
  readonly setting?: Partial<Setting>;
  /** Without records: `state: false`. */
  readonly unrecorded?: boolean;
  /** Done again and again, with a pause, while runs are started and under way. */
  readonly trouble?: (trouble: Trouble) => Promise<void>;
  /** Milliseconds between two of them. Default 1,500. */
  readonly pause?: number;
  /** Milliseconds without any sign of life after which what has not ended is lost. Default 120,000. */
  readonly patience?: number;
  /** Once, before the runs. */
  readonly before?: (trouble: Trouble) => Promise<void>;
}

export interface Servers {
  readonly amqp: string;
  readonly redis: string;
  readonly root: string;
}

/** Keepers of one scene may still look while the next one plays. */
const NAMESPACE = 'chaos';
/** Runs started a second. */
const RATE = 60;
/** Milliseconds after the last sign of life for which nothing may come any more. */
const QUIET = 5_000;
const PATIENCE = 120_000;

/** Milliseconds within which the keepers of forks that are over have looked, and gone. */
const KEEPERS_LOOK = 100_000;

/** Plays a scene to its end, and says what it came to. */
export async function play(
  scene: Scene,
  servers: Servers,
): Promise<Verdict & { readonly strikes: number; readonly terminals: Terminals }> {
  const name = randomUUID();
  const effects = join(servers.root, `effects-${name}`);
  writeFileSync(effects, '');
  const setting: Setting = {
    amqp: servers.amqp,
    redis: scene.unrecorded === true ? undefined : servers.redis,
    effects,
    namespace: NAMESPACE,
    ...scene.setting,
  };
  const desk = await openDesk(setting);
  const workers = await Workers.start(setting, scene.workers ?? 2);
  const terminals = await Terminals.listen(servers.amqp, name);
  const startedAt = Date.now();
  const trouble: Trouble = { workers, terminals, since: () => Date.now() - startedAt };
  await scene.before?.(trouble);
  const over = new AbortController();
  const troubled = repeat(scene, trouble, over.signal);
  try {
    const accepted = await startRuns(scene, desk);
    await settled(accepted, terminals, scene.patience ?? PATIENCE, () => {
      over.abort();
    });
    over.abort(); // also where some are lost
    await troubled;
    const left = await terminals.waiting(
      rabbitTopology(SERVICES)
        .queues.map((queue) => queue.name)
        .filter(isOfService),
    );
    const verdict = judge(accepted, terminals.seen, readEffects(effects), workers.killed, left);
    return { ...verdict, strikes: workers.strikes, terminals };
  } finally {
    over.abort();
    await workers.stop();
    await terminals.close();
    await desk.close();
    rmSync(effects);
  }
}

/** Where runs are started: a service without operations. */
async function openDesk(setting: Setting): Promise<INestApplicationContext> {
  @Module({
    imports: [
      OrchestratorModule.forRoot({ service: 'desk', ...optionsOf({ ...setting, doubled: false, early: false }) }),
    ],
  })
  class DeskModule {}
  return NestFactory.createApplicationContext(DeskModule, { logger: false });
}

async function startRuns(
  { runs, kindOf = alternately, padding = 0 }: Scene,
  desk: INestApplicationContext,
): Promise<readonly Accepted[]> {
  const orchestrator = desk.get<WorkflowOrchestrator>(getOrchestratorToken('desk'), { strict: false });
  const accepted: Accepted[] = [];
  for (let n = 0; n < runs; n += 1) {
    const kind = kindOf(n);
    const workflowId = randomUUID();
    await insist(() => orchestrator.start(COOKBOOKS[kind], { workflowId, input: { padding: 'x'.repeat(padding) } }));
    accepted.push({ workflowId, kind });
    await setTimeout(1_000 / RATE);
  }
  return accepted;
}

/** Resolves when nothing is held back any more: how many messages are, where that does not happen. */
export async function heldBack(servers: Servers): Promise<number> {
  const terminals = await Terminals.listen(servers.amqp, randomUUID());
  const ladder = rabbitTopology([])
    .queues.map(({ name }) => name)
    .filter((name) => name.startsWith('orchestrator.delay'));
  const setting = { ...servers, effects: join(servers.root, 'none'), namespace: NAMESPACE };
  const workers = await Workers.start(setting, 1); // somebody must look
  let held = Infinity;
  for (const until = Date.now() + KEEPERS_LOOK; held > 0 && Date.now() < until;) {
    await setTimeout(1_000);
    held = await terminals.waiting(ladder);
  }
  await workers.stop();
  await terminals.close();
  return held;
}

/** Starts it until the broker has it: the name of the run makes that one run. */
async function insist(start: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await start();
      return;
    } catch (error) {
      if (!(error instanceof BrokerUnavailableError)) throw error;
      await setTimeout(200);
    }
  }
}

/** What waits there is left over; the keepers of forks that are over wait elsewhere, for a minute. */
const isOfService = (queue: string): boolean => SERVICES.some((service) => queue.startsWith(`${service}.`));

const alternately = (n: number): Kind => (n % 2 === 0 ? 'chain' : 'fork');

async function repeat({ trouble: strike, pause = 1_500 }: Scene, trouble: Trouble, over: AbortSignal): Promise<void> {
  if (strike === undefined) return;
  for (;;) {
    await setTimeout(pause, undefined, { signal: over }).catch(() => undefined);
    if (over.aborted) return;
    await strike(trouble);
  }
}

/** Resolves when every run has ended and it is quiet, or when nothing has come for a long time. */
async function settled(
  accepted: readonly Accepted[],
  terminals: Terminals,
  patience: number,
  ended: () => void,
): Promise<void> {
  let [seen, at] = [0, Date.now()];
  for (;;) {
    if (terminals.seen.length !== seen) [seen, at] = [terminals.seen.length, Date.now()];
    const told = terminals.seen.map(({ body }) => body).join();
    const all = accepted.every(({ workflowId }) => told.includes(workflowId));
    if (all) ended();
    if (Date.now() - at > (all ? QUIET : patience)) return;
    await setTimeout(250);
  }
}
