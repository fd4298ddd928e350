import { randomUUID } from 'node:crypto';
import type { Cluster, Redis } from 'ioredis';
import { changed } from '../../utils/changed.js';
import type { RedisConnection } from '../../utils/redis-connection.js';
import {
  type Arrival,
  type ArrivalAnswer,
  type Claim,
  type ClaimTerms,
  type Departure,
  type ExpectedLine,
  type Grant,
  type HoldAnswer,
  type Holder,
  type HopId,
  type Journal,
  type RecordedOutcome,
  type RunStatus,
  type RunSummary,
  StateStore,
} from '../state.store.js';
import { summaryOf, summaryTexts } from '../summary.js';
import { RunEndings } from './run-endings.js';
import { fromField, inField, placeOf } from './run-keys.js';
import { KEPT_BEYOND, KEPT_OTHERWISE } from './scripts/prelude.js';
import { runScript, type ScriptName } from './scripts/scripts.js';

/** Bytes of JSON up to which those who wait for the end are given all of it. */
const TOLD_BYTES = 1024 * 1024;
/** Milliseconds after which whatever was said of a run's time is not believed any more: no key lives for ever. */
const LONGEST_KEPT = 10 * 365 * 24 * 60 * 60 * 1_000;

/**
 * Run records in Redis, shared by all processes. Each call is one script: it happens wholly or not at all, and leases are
 * measured by the server's clock. Built by `redisState()`.
 */
export class RedisStateStore extends StateStore {
  private readonly endings: RunEndings;

  /** @param subscribe makes a client that keeps what it is asked until it is connected */
  constructor(
    private readonly connection: RedisConnection<Redis | Cluster>,
    private readonly namespace: string,
    subscribe: () => Redis | Cluster,
  ) {
    super();
    this.endings = new RunEndings(subscribe, namespace, (workflowId) => this.status(workflowId));
  }

  override async claim(hop: HopId, { leaseMs, now, expiresAt }: ClaimTerms): Promise<Claim> {
    const { epoch, line, seq, hopId } = hop;
    const place = [epoch, inField(line), seq ?? '', inField(hopId)];
    const answer = await this.ask('claim', hop.workflowId, [
      ...place,
      randomUUID(),
      Math.ceil(leaseMs),
      now,
      keptFor(expiresAt, now),
    ]);
    return claimOf(hop, answer as readonly string[]);
  }

  override async record(holder: Holder, outcomes: Journal, departure?: Departure): Promise<HoldAnswer> {
    const lines = departure?.kind === 'fork' ? departure.lines : [];
    const entries = Object.entries(outcomes).flatMap(([path, outcome]) => [inField(path), JSON.stringify(outcome)]);
    const left = [departure?.kind ?? '', lines.length, ...lines.map(inField)];
    return (await this.ask('record', holder.workflowId, [...placeIn(holder), ...left, ...entries])) as HoldAnswer;
  }

  override async extend(holder: Holder, leaseMs: number, overdue = false): Promise<HoldAnswer> {
    const lease = [Math.ceil(leaseMs), overdue ? '1' : '0'];
    return (await this.ask('extend', holder.workflowId, [...placeIn(holder), ...lease])) as HoldAnswer;
  }

  override async arrive(holder: Holder, { join, part, of, result, fork }: Arrival): Promise<ArrivalAnswer> {
    const texts = [inField(join), inField(part), (JSON.stringify(result) as string | undefined) ?? 'null'];
    const args = [...placeIn(holder), inField(fork.line), fork.seq, ...texts, ...of.map(inField)];
    const answer = await this.ask('arrive', holder.workflowId, args);
    if (answer === 'waiting' || answer === 'over' || answer === 'fenced') return { kind: answer };
    const all = answer as readonly string[];
    const results = of.map((name, at) => [name, JSON.parse(all[at] ?? 'null') as unknown] as const);
    return { kind: 'all', results: Object.fromEntries(results) };
  }

  override async expects({ workflowId, epoch, line, seq }: ExpectedLine): Promise<boolean> {
    return (await this.ask('expects', workflowId, [epoch, inField(line), seq ?? ''])) === 1;
  }

  override async end(holder: Holder, summary: RunSummary): Promise<HoldAnswer> {
    const { whole, kept, core } = summaryTexts(summary);
    const told = Buffer.byteLength(whole) <= TOLD_BYTES ? whole : kept;
    const { channel } = placeOf(this.namespace, holder.workflowId);
    const texts = [summary.status, core, kept === core ? '' : kept, channel, told];
    return (await this.ask('end', holder.workflowId, [...placeIn(holder), ...texts])) as HoldAnswer;
  }

  override async cancel(workflowId: string): Promise<RunStatus> {
    return statusOf(await this.ask('cancel', workflowId));
  }

  override async reopen(workflowId: string, epoch: number, expiresAt?: number): Promise<void> {
    await this.ask('reopen', workflowId, [epoch, keptFor(expiresAt, Date.now())]);
  }

  override async status(workflowId: string): Promise<RunStatus> {
    return statusOf(await this.ask('status', workflowId));
  }

  override async epoch(workflowId: string): Promise<number | undefined> {
    const client = await this.connection.ready();
    const epoch = Number((await client.hget(placeOf(this.namespace, workflowId).keys[0], 'epoch')) ?? -1);
    return epoch < 0 ? undefined : epoch;
  }

  /**
   * Told by the script that ends the run; in case that message is lost, it is looked for every few seconds. Whoever waits is
   * given the whole of up to 1 MiB; whoever missed the message, what is kept.
   */
  override ended(workflowId: string, signal: AbortSignal): Promise<RunSummary> {
    return this.endings.wait(workflowId, signal);
  }

  override listening(workflowId: string): Promise<void> {
    return this.endings.listening(workflowId);
  }

  override close(): Promise<void> {
    this.endings.close();
    this.connection.close();
    return Promise.resolve();
  }

  private async ask(name: ScriptName, workflowId: string, args: readonly (string | number)[] = []): Promise<unknown> {
    return runScript(await this.connection.ready(), name, placeOf(this.namespace, workflowId).keys, args);
  }
}

const placeIn = ({ epoch, line, seq, hopId, token }: Holder): (string | number)[] => [
  epoch,
  inField(line),
  seq,
  inField(hopId),
  inField(token),
];

/** Milliseconds for which the record of a run is kept, from now on: a duration, as the server's clock is not this process's. */
function keptFor(expiresAt: number | undefined, now: number): number {
  const left = expiresAt === undefined ? KEPT_OTHERWISE - KEPT_BEYOND : Math.max(expiresAt - now, 0);
  return Math.ceil(Math.min(left, LONGEST_KEPT)) + KEPT_BEYOND;
}

function claimOf(hop: HopId, answer: readonly string[]): Claim {
  const [kind = '', seq = '', token = '', at = '', left, summary = '', ...journal] = answer;
  switch (kind) {
    case 'stale':
    case 'ended':
      return { kind };
    case 'busy':
      return { kind, forMs: Number(seq) };
    case 'granted':
    case 'cancelled':
    case 'ended-here': {
      const holder: Holder = changed(hop, { seq: Number(seq), token: fromField(token) });
      const grant: Grant = { holder, journal: journalOf(journal), at: Number(at), left: left === '1' };
      return kind === 'ended-here' ? { kind, summary: summaryOf(summary), ...grant } : { kind, ...grant };
    }
    default:
      throw new Error(`Redis answered a claim with "${kind}".`);
  }
}

/** @param texts path, outcome, path, outcome… */
function journalOf(texts: readonly string[]): Journal {
  const entries: [string, RecordedOutcome][] = [];
  for (let at = 0; at + 1 < texts.length; at += 2) {
    entries.push([fromField(texts[at] ?? ''), JSON.parse(texts[at + 1] ?? 'null') as RecordedOutcome]);
  }
  return Object.fromEntries(entries);
}

function statusOf(answer: unknown): RunStatus {
  const [status, summary = ''] = answer as [
    'unknown' | 'running' | 'delivery_requested' | 'cancelling' | 'ended',
    string?,
  ];
  return status === 'ended' ? summaryOf(summary) : { status };
}
