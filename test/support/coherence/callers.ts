import type { WorkflowEvent } from 'nest-orchestrator';
import { book, task } from '../cookbook-documents.js';
import type { Prng } from '../random/prng.js';
import type { Versions } from './history.js';
import { IDS, TENANTS } from './items.js';
import type { ItemsApp } from './items.app.js';

/** How an item may be asked for: a pipe makes the same of each. */
const SPELLINGS: readonly ((id: string) => string)[] = [(id) => id, (id) => id, (id) => ` ${id.toLowerCase()} `];

/** An application, as its callers know it. */
export type CalledItems = Pick<ItemsApp, 'world' | 'http' | 'rpc' | 'orchestrator'>;

/** What the callers do. */
export interface Habits {
  /** The share of workflows. */
  readonly workflows: number;
  /** The share of changes that an interceptor commits. */
  readonly staged: number;
  /** For how many steps a writer does nothing, so that there is something to hit. */
  readonly rest: number;
}

/** Those who read and change the items of an application, each time in another way, and record what they see. */
export class Callers {
  /** How often each way was taken. */
  readonly taken = { http: 0, rpc: 0, workflow: 0 };
  private runs = 0;

  constructor(
    private readonly app: CalledItems,
    private readonly random: Prng,
    private readonly habits: Habits,
  ) {}

  async read(): Promise<void> {
    const { history } = this.app.world;
    const [tenant, id] = [this.random.pick(TENANTS), this.random.pick(SPELLINGS)(this.random.pick(IDS))];
    const way = this.way();
    const operation = this.operation(way);
    const read = history.readBegins();
    history.readEnds(read, await this.ask(way, operation, { id, tenant }));
  }

  async write(): Promise<void> {
    const { history, stage } = this.app.world;
    const [tenant, id] = [this.random.pick(TENANTS), this.random.pick(IDS)];
    const mutation = history.mutationBegins();
    const input = {
      id: this.random.pick(SPELLINGS)(id),
      of: tenant,
      mutation,
      staged: this.random.chance(this.habits.staged),
    };
    // Somebody without a tenant changes what is a tenant's, now and then.
    const by = this.random.chance(0.1) ? undefined : tenant;
    const way = this.way();
    if (way === 'workflow') {
      if (this.random.chance(0.5)) return this.writeAndRead(mutation, input, by);
      await this.app.orchestrator.run(book([step('set', input)]), options(by));
    } else if (way === 'http') await this.app.http('POST', '/set', by, input);
    else await this.app.rpc('set', by, input);
    history.acknowledged(mutation);
    for (let { rest: left } = this.habits; left > 0; left -= 1) await stage.step('rests', () => undefined);
  }

  /** A run whose second step reads what the first one has changed. */
  private async writeAndRead(
    mutation: number,
    input: { readonly id: string; readonly of: string },
    by: string | undefined,
  ): Promise<void> {
    const { orchestrator, world } = this.app;
    const workflowId = `write-and-read-${(this.runs += 1)}`;
    let read = 0;
    const seen = orchestrator.events$.subscribe(({ workflow_id, type, path }: WorkflowEvent) => {
      if (workflow_id !== workflowId) return;
      if (type === 'step_completed' && path === 'set') world.history.acknowledged(mutation);
      if (type === 'step_started' && path === 'report') read = world.history.readBegins();
    });
    const steps = book([step('set', input), step('report', {})]);
    const { output } = await orchestrator.run<Versions>(steps, { ...options(by), workflowId });
    seen.unsubscribe();
    world.history.readEnds(read, output);
  }

  private way(): 'http' | 'rpc' | 'workflow' {
    const way = this.random.chance(this.habits.workflows) ? 'workflow' : this.random.pick(['http', 'rpc'] as const);
    this.taken[way] += 1;
    return way;
  }

  private operation(way: 'http' | 'rpc' | 'workflow'): string {
    const all = ['get', 'get', 'get', 'load', 'list', 'report'];
    return this.random.pick(way === 'rpc' ? all : [...all, 'peek']);
  }

  private async ask(
    way: 'http' | 'rpc' | 'workflow',
    operation: string,
    input: { readonly id: string; readonly tenant: string },
  ): Promise<Versions> {
    const { app } = this;
    const { id, tenant } = input;
    if (way === 'workflow')
      return (await app.orchestrator.run<Versions>(book([step(operation, input)]), options(tenant))).output;
    if (way === 'rpc') return app.rpc(operation, tenant, { id });
    if (operation === 'peek') return app.http('GET', `/items/${encodeURIComponent(id)}`, tenant);
    return app.http('POST', `/${operation}`, tenant, input);
  }
}

const step = (operation: string, input: object): object => task(operation, { service: 'items', operation, input });
const options = (tenant: string | undefined): object => (tenant === undefined ? {} : { tenantId: tenant });
