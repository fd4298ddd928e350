import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { Callers } from '../../support/coherence/callers.js';
import { Crowd } from '../../support/coherence/crowd.js';
import { ItemsClient } from '../../support/coherence/items.client.js';
import { RandomStage } from '../../support/coherence/random-stage.js';
import { World } from '../../support/coherence/world.js';
import { Prng } from '../../support/random/prng.js';
import type { ItemsSetting, Said, Told } from './wire.js';

const PROGRAM = new URL('./worker.js', import.meta.url);
const HABITS = { workflows: 0, staged: 0.5, rest: 500 };

/** The share of the database's answers that are on their way for so many milliseconds, at most. */
const SLOW = 0.2;
const SLOWEST = 30;

/** An application in another process, as its callers know it. */
class FarItems extends ItemsClient {
  constructor(
    readonly world: World,
    ...of: ConstructorParameters<typeof ItemsClient>
  ) {
    super(...of);
  }

  get orchestrator(): never {
    throw new TypeError('Runs are started in the process itself.');
  }
}

/**
 * Applications in processes of their own, which share a cache. The database, those who call, and the history are in this
 * process: what began after what, one clock says.
 */
export class ItemsProcesses extends Crowd {
  private constructor(
    private readonly processes: readonly ChildProcess[],
    private readonly clients: readonly FarItems[],
    ...of: ConstructorParameters<typeof Crowd>
  ) {
    super(...of);
  }

  static async start(count: number, setting: Omit<ItemsSetting, 'seed'>): Promise<ItemsProcesses> {
    const random = new Prng(1);
    const world = new World(new RandomStage(random));
    const started = await Promise.all(
      Array.from({ length: count }, (_, seed) => startProcess(world, { ...setting, seed })),
    );
    const clients = started.map(({ client }) => client);
    const callers = clients.map((client) => new Callers(client, random, HABITS));
    return new ItemsProcesses(started.map(({ child }) => child), clients, callers, world.history); // prettier-ignore
  }

  /** How many reads of all processes were answered by the cache. */
  async hits(): Promise<number> {
    let sum = 0;
    for (const child of this.processes) {
      const counted = heard(child, 'counted');
      tell(child, { kind: 'count' });
      for (const { hit } of Object.values((await counted).counters)) sum += hit;
    }
    return sum;
  }

  /** How many changes were made. */
  get changes(): number {
    return this.history.events.filter(({ kind }) => kind === 'commit').length;
  }

  override async close(): Promise<void> {
    await super.close();
    for (const client of this.clients) await client.close();
    for (const child of this.processes) {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    }
  }
}

async function startProcess(world: World, setting: ItemsSetting): Promise<{ child: ChildProcess; client: FarItems }> {
  const child = fork(PROGRAM, { env: { ...process.env, ITEMS: JSON.stringify(setting) } });
  child.on('message', (said: Said) => void serve(world, child, said));
  const { ports } = await heard(child, 'ready');
  return { child, client: new FarItems(world, ports) };
}

async function serve({ database }: World, child: ChildProcess, said: Said): Promise<void> {
  if (said.kind === 'read') {
    const answer = await database.read(...said.cells);
    if (Math.random() < SLOW) await setTimeout(Math.random() * SLOWEST); // what it says may be of the past when it arrives
    tell(child, { kind: 'answer', id: said.id, answer });
  }
  if (said.kind === 'commit')
    tell(child, { kind: 'answer', id: said.id, answer: await database.commit(said.mutation, said.cell) });
}

const tell = (child: ChildProcess, told: Told): unknown => child.connected && child.send(told);

/** The next thing of that kind that it says. */
const heard = <K extends Said['kind']>(child: ChildProcess, kind: K): Promise<Said & { readonly kind: K }> =>
  new Promise((resolve, reject) => {
    const listen = (said: Said): void => {
      if (said.kind !== kind) return;
      child.off('message', listen);
      resolve(said as Said & { readonly kind: K });
    };
    child.on('message', listen);
    child.once('exit', () => {
      reject(new Error('A process of the items has ended.'));
    });
  });
