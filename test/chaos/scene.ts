import { randomUUID } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { PrivateRabbit, PrivateServer } from '../../scripts/private-servers.mjs';
import { rabbitTopology } from '../../libs/orchestrator/src/rabbitmq.js';
import { Desk } from './desk.js';
import { readEffects } from './effects.js';
import { alternately, type Planned, SERVICES } from './runs.js';
import type { Setting } from './settings.js';
import { Terminals } from './terminals.js';
import { type Accepted, judge, type Remains, type Verdict } from './verdict.js';
import { Workers } from './workers.js';

/** What happens to the processes and servers of a scene while its runs are under way. */
export interface Trouble {
  readonly workers: Workers;
  readonly terminals: Terminals;
}

export interface Scene {
  readonly runs: number;
  /** Default: alternately chain and fork. */
  readonly runOf?: (n: number) => Planned;
  readonly workers?: number;
  readonly setting?: Partial<Setting>;
  /** Where the workers find the broker. Default: where it is. */
  readonly amqp?: string;
  /** Without records: `state: false`. */
  readonly unrecorded?: boolean;
  /** Done again and again, with a pause, while runs are started and under way. Resolves with how often it struck. */
  readonly trouble?: (trouble: Trouble) => Promise<number>;
  /** Milliseconds between two of them. Default 1,500. */
  readonly pause?: number;
  /** Milliseconds without any sign of life after which what has not ended is lost. Default 120,000. */
  readonly patience?: number;
  /** Once, before the runs. */
  readonly before?: (trouble: Trouble) => Promise<unknown>;
  /** Once, after all. */
  readonly after?: () => Promise<unknown>;
  /** What workers warn of where the trouble has reached them. */
  readonly evidence?: RegExp;
}

export interface Servers {
  readonly broker: PrivateRabbit;
  readonly redis: PrivateServer;
  readonly root: string;
  /** Another one, which whoever starts it stops. @param more arguments */
  readonly startRedis: (...more: readonly string[]) => Promise<PrivateServer>;
}

/** What a scene of runs came to. */
export interface Played extends Verdict {
  /** How often the trouble struck. */
  readonly strikes: number;
  /** How many warnings show it. `undefined`: nothing is looked for. */
  readonly evidence: number | undefined;
  readonly terminals: Terminals;
}

/** Parts of one scene may still wait while the next one plays. */
const NAMESPACE = 'chaos';
/** Milliseconds after the last sign of life for which nothing may come any more. */
const QUIET = 5_000;
const PATIENCE = 120_000;
/** Milliseconds within which what comes twice, or late, is done with too: processes that were killed may still be coming up. */
const EMPTY_WITHIN = 30_000;
/** Milliseconds within which parts of forks that are over have arrived again, and are gone. */
const PARTS_WAIT = 100_000;

/** Plays a scene to its end, and says what it came to. */
export async function play(scene: Scene, { broker, redis, root }: Servers): Promise<Played> {
  const name = randomUUID();
  const effects = join(root, `effects-${name}`);
  writeFileSync(effects, '');
  const setting: Setting = {
    amqp: broker.url,
    redis: scene.unrecorded === true ? undefined : redis.url,
    effects,
    namespace: NAMESPACE,
    ...scene.setting,
  };
  const desk = await Desk.open(setting);
  const workers = await Workers.start({ ...setting, amqp: scene.amqp ?? setting.amqp }, scene.workers ?? 2);
  const terminals = await Terminals.listen(broker.url, name);
  const trouble: Trouble = { workers, terminals };
  await scene.before?.(trouble);
  const over = new AbortController();
  const troubled = repeat(scene, trouble, over.signal);
  try {
    await desk.start(scene.runs, scene.runOf ?? alternately);
    await settled(desk.accepted, terminals, scene.patience ?? PATIENCE, () => {
      over.abort();
    });
    over.abort(); // also where some are lost
    const strikes = await troubled;
    const left = await emptied(terminals, QUEUES, EMPTY_WITHIN);
    const { killed, warnings } = workers;
    const remains = { terminals: terminals.seen, effects: readEffects(effects), killed, left };
    await tellLost(desk, remains);
    const verdict = judge(desk.accepted, remains);
    return {
      ...verdict,
      runs: scene.runs,
      failed: verdict.failed + desk.failed,
      refused: verdict.refused + desk.refused,
      strikes,
      evidence: scene.evidence && warnings.filter((line) => scene.evidence?.test(line)).length,
      terminals,
    };
  } finally {
    over.abort();
    await workers.stop();
    await terminals.close();
    await desk.close();
    await scene.after?.();
    rmSync(effects);
  }
}

/** Runs that are lost, of which it is told how far they came. */
const TOLD = 5;

/** Says how far the first of the lost runs came: nobody could find out later. */
async function tellLost(desk: Desk, { terminals, effects }: Remains): Promise<void> {
  const ended = new Set(terminals.map(({ run }) => run));
  const lost = desk.accepted.filter(({ workflowId }) => !ended.has(workflowId));
  for (const { workflowId, kind } of lost.slice(0, TOLD)) {
    const done = effects.filter(({ run }) => run === workflowId).map(({ operation, at }) => `${operation} at ${new Date(at).toISOString()}`); // prettier-ignore
    console.error(
      `Lost: ${workflowId}, ${kind}, ${await desk.statusOf(workflowId)}, done: ${done.join(', ') || 'nothing'}`,
    );
  }
}

/** Resolves when nothing is held back any more: how many messages are, where that does not happen. */
export async function heldBack({ broker, redis, root }: Servers): Promise<number> {
  const terminals = await Terminals.listen(broker.url, randomUUID());
  const setting = { amqp: broker.url, redis: redis.url, effects: join(root, 'none'), namespace: NAMESPACE };
  const workers = await Workers.start(setting, 1); // somebody must look
  const held = await emptied(terminals, LADDER, PARTS_WAIT);
  await workers.stop();
  await terminals.close();
  return held;
}

/** Resolves when these queues are empty: with how many messages they hold, where that does not happen in time. */
async function emptied(terminals: Terminals, queues: readonly string[], within: number): Promise<number> {
  for (const until = Date.now() + within; ;) {
    const held = await terminals.waiting(queues);
    if (held === 0 || Date.now() > until) return held;
    await setTimeout(1_000);
  }
}

/** Queues of what is held back. */
const LADDER = rabbitTopology([])
  .queues.map(({ name }) => name)
  .filter((name) => name.startsWith('orchestrator.delay'));

/** What waits there is left over; parts of forks that are over wait elsewhere, for a minute. */
const QUEUES = rabbitTopology(SERVICES)
  .queues.map(({ name }) => name)
  .filter((name) => SERVICES.some((service) => name.startsWith(`${service}.`)));

/** @returns how often it struck */
async function repeat({ trouble, pause = 1_500 }: Scene, stage: Trouble, over: AbortSignal): Promise<number> {
  let strikes = 0;
  if (trouble === undefined) return strikes;
  for (;;) {
    await setTimeout(pause, undefined, { signal: over }).catch(() => undefined);
    if (over.aborted) return strikes;
    strikes += await trouble(stage);
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
    const told = new Set(terminals.seen.map(({ run }) => run));
    const all = accepted.every(({ workflowId }) => told.has(workflowId));
    if (all) ended();
    if (Date.now() - at > (all ? QUIET : patience)) return;
    await setTimeout(250);
  }
}
