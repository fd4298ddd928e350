import { setTimeout } from 'node:timers/promises';
import { filter } from 'rxjs';
import { changesOf } from '../data/table.js';
import { attemptsOf } from '../demo/attempts.js';
import { type Scenario, SCENARIOS } from '../demo/scenarios.js';
import type { RunEvent } from '../demo/stage.js';
import { duration, type Style } from '../demo/style.js';
import { renderTimeline } from '../demo/timeline.js';
import type { DeliveryPromise } from '../orders/delivery.service.js';
import { AUTHORISED, TRIES } from '../payments/payment.gateway.js';
import { Desk, type Started } from './desk.js';
import type { Processes } from './processes.js';
import { renderRuns } from './runs-table.js';
import { chargingOf, type Ended, failures, staleReads, wrongCharges } from './verdict.js';

/** What the acts are played with. */
export interface Stage {
  readonly processes: Processes;
  /** Where the services keep their data. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly style: Style;
  readonly say: (line: string) => void;
}

/** What an act came to, and whatever is not as promised. */
export interface Act {
  readonly runs: readonly Ended[];
  readonly problems: readonly string[];
}

const SERVICES = ['catalog', 'orders', 'payments', 'invoicing', 'notifications', 'runs'] as const;
/** How often a scenario is run: an order can be returned once, and a shelf is filled once. */
const TIMES: Readonly<Record<string, number>> = { 'order-to-cash': 12, 'payment-retry': 8, restock: 1, returns: 1 };
const OTHERWISE = 4;
/** Milliseconds between two starts. */
const PACE = 30;
/** So many charges stand in the gateway's books when payments is killed: some runs have ended then, others are yet to start. */
const FATAL_CHARGE = 8;

/** Every service comes up in a process of its own. Resolves with where runs are started. */
export async function boot({ processes, signal, say }: Stage): Promise<Desk> {
  const startedAt = performance.now();
  const urls = await Promise.all(SERVICES.map((service) => processes.start(service, signal)));
  const named = SERVICES.map((service) => `${service} ${processes.pidOf(service) ?? ''}`);
  say(`${SERVICES.length} processes are up after ${duration(performance.now() - startedAt)}: ${named.join(', ')}\n`);
  return new Desk(urls.at(-1) ?? '', signal);
}

/** A promise that `orders` gives is kept in Redis, until `catalog`, another process, receives the goods. */
export async function readFresh(desk: Desk, { processes, signal, style, say }: Stage): Promise<Act> {
  const events: RunEvent[] = [];
  const watching = processes.events$.subscribe((event) => events.push(event));
  const runs: Ended[] = [];
  const problems: string[] = [];
  for (const scenario of SCENARIOS.filter(({ cookbook }) => cookbook === 'delivery-promise')) {
    const started = await desk.start(scenario);
    const { workflowId } = started;
    const { steps = {}, ...ending } = await started.ending;
    const own = (): RunEvent[] => events.filter(({ workflow_id }) => workflow_id === workflowId);
    while (!own().some(({ type }) => type === 'completed' || type === 'failed')) await setTimeout(10, undefined, { signal }); // prettier-ignore
    const [promised, afterwards] = ['promise', 'better_promise'].map((id) => (steps[id] as DeliveryPromise | undefined)?.days ?? NaN); // prettier-ignore
    problems.push(...staleReads(attemptsOf(own()), { promised, afterwards }));
    runs.push({ workflowId, cookbook: scenario.cookbook, ending });
    const { cookbook, tenantId: caller } = scenario;
    const description = `orders promises a day, from the cache the second time; catalog, in another process, receives goods: ${promised ?? '?'} days become ${afterwards ?? '?'}.`; // prettier-ignore
    say(renderTimeline({ workflowId, cookbook, caller, description, events: own(), ending, asMeant: ending.kind === 'completed' }, style)); // prettier-ignore
  }
  watching.unsubscribe();
  return { runs, problems: [...failures(runs), ...problems] };
}

/** Many runs at once. In the middle `payments` is killed, and put up again. */
export async function killAmongRuns(desk: Desk, stage: Stage): Promise<Act> {
  const { processes, signal, style, say, folder } = stage;
  const startedAt = performance.now();
  const at = (): string => `+${duration(performance.now() - startedAt)}`.padStart(9);
  const ended: (Ended & { readonly tookMs: number })[] = [];
  const follow = async ({ workflowId, scenario: { cookbook }, ending }: Started): Promise<void> => {
    const since = performance.now();
    const { steps: _, ...came } = await ending;
    ended.push({ workflowId, cookbook, ending: came, tookMs: performance.now() - since });
  };
  const atWork = stepsOf('payments', processes);
  const killing = awaitedLater(async () => {
    while (chargesIn(folder).length < FATAL_CHARGE || atWork.size === 0) await setTimeout(1, undefined, { signal });
    const pid = processes.pidOf('payments') ?? NaN;
    const before = ended.length;
    await processes.kill('payments');
    say(
      `${at()}  payments ${pid} killed with SIGKILL: ${chargesIn(folder).length} charges made, ${atWork.size === 1 ? '1 step' : `${atWork.size} steps`} at work there, ${before} runs at their end by then`,
    );
    await processes.start('payments', signal);
    say(`${at()}  payments ${processes.pidOf('payments') ?? NaN} is up in its place`);
  });
  const following: Promise<void>[] = [];
  for (const scenario of playbill()) {
    const started = await desk.start(scenario);
    following.push(awaitedLater(() => follow(started)));
    await setTimeout(PACE, undefined, { signal });
  }
  say(`${at()}  ${following.length} runs are started`);
  await Promise.all([...following, killing]);
  say(`${at()}  ${ended.length} runs have ended\n\n${renderRuns(ended, style)}\n`);

  const keys = chargesIn(folder);
  const asked = changesOf<unknown>(TRIES, folder).length;
  say(`The gateway was asked for money ${asked} times, and charged ${keys.length} times, for ${chargingOf(ended)} runs that charge.\n`); // prettier-ignore
  return { runs: ended, problems: [...failures(ended), ...wrongCharges(ended, keys)] };
}

/** Begins at once; when it fails before anybody awaits it, that is told to whoever does. */
function awaitedLater(act: () => Promise<void>): Promise<void> {
  const acting = act();
  acting.catch(() => undefined);
  return acting;
}

/** The scenarios that are meant to complete, each several times, in turn. */
function playbill(): Scenario[] {
  const meant = SCENARIOS.filter(({ failsWith }) => failsWith === undefined);
  const rounds = Array.from({ length: Math.max(...Object.values(TIMES)) }, (_, round) => round);
  return rounds.flatMap((round) => meant.filter(({ cookbook }) => round < (TIMES[cookbook] ?? OTHERWISE)));
}

/** The key of every charge that the gateway has made. */
const chargesIn = (folder: string): string[] => changesOf(AUTHORISED, folder).map(([key]) => key);

/** The steps that a service has at work, kept up to date. */
function stepsOf(service: string, { events$ }: Processes): ReadonlySet<string> {
  const atWork = new Set<string>();
  events$.pipe(filter((event) => event.service === service)).subscribe(({ type, workflow_id, path }) => {
    const step = `${workflow_id ?? ''} ${path ?? ''}`;
    if (type === 'step_started') atWork.add(step);
    else if (type.startsWith('step_')) atWork.delete(step);
  });
  return atWork;
}
