import type { Cluster, Redis } from 'ioredis';
import { CANCEL, EXPECTS, REOPEN, STATUS } from './asking.js';
import { CLAIM } from './claim.js';
import { END } from './ending.js';
import { ARRIVE, EXTEND, RECORD } from './holding.js';

const SCRIPTS = {
  claim: CLAIM,
  record: RECORD,
  extend: EXTEND,
  arrive: ARRIVE,
  expects: EXPECTS,
  end: END,
  cancel: CANCEL,
  reopen: REOPEN,
  status: STATUS,
} as const;

/** What the store asks Redis, each answered by one script. */
export type ScriptName = keyof typeof SCRIPTS;
/** Both keys of a run. */
export type RunKeys = readonly [run: string, outputs: string];

type Command = (...args: (string | number)[]) => Promise<unknown>;

const commandOf = (name: ScriptName): string => `orchestrator:${name}`;

/** Makes the scripts known to a client, which sends each by its hash, and whole where the server has forgotten it. */
export function defineScripts(client: Redis | Cluster): void {
  for (const [name, lua] of Object.entries(SCRIPTS)) {
    client.defineCommand(commandOf(name as ScriptName), { numberOfKeys: 2, lua });
  }
}

/** Runs a script: all of it, or nothing. */
export function runScript(
  client: Redis | Cluster,
  name: ScriptName,
  keys: RunKeys,
  args: readonly (string | number)[],
): Promise<unknown> {
  const command = (client as unknown as Readonly<Record<string, Command>>)[commandOf(name)];
  if (command === undefined) throw new Error(`The script "${name}" is not defined.`);
  return command.call(client, ...keys, ...args);
}
