import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { OrchestratorModuleOptions } from 'nest-orchestrator';
import { rabbitmq } from 'nest-orchestrator/rabbitmq';
import { redisCache, redisState } from 'nest-orchestrator/redis';
import { callerOf } from './caller.js';
import { money } from './money.js';

/** Every `*.json` in it is a cookbook that runs can be started by name. */
export const COOKBOOKS = fileURLToPath(new URL('./cookbooks', import.meta.url));

/**
 * What all services of this application say to `OrchestratorModule.forRoot`. Back-offs are short: nothing here is far away.
 * `caller` lets answers over HTTP be cached too: without it nobody can say whose they are.
 */
export const SHARED = {
  helpers: { money },
  caller: callerOf,
  retry: { maxAttempts: 3, baseDelay: '60ms', maxDelay: '1s', multiplier: 2 },
  ...betweenProcesses(process.env),
} as const;

/**
 * With `SHOP_DATA`, a folder for the data, the services may be processes of their own: they meet on RabbitMQ (`AMQP_URL`) and in
 * Redis (`REDIS_URL`), under the name of that folder. Without it everything is in memory. What a process had at work when it
 * was killed goes on after twice `timeout`.
 */
export function betweenProcesses(env: NodeJS.ProcessEnv): OrchestratorModuleOptions {
  const { SHOP_DATA: folder, AMQP_URL: urls, REDIS_URL: url } = env;
  if (folder === undefined) return {};
  if (urls === undefined || url === undefined) {
    const missing = ['AMQP_URL', 'REDIS_URL'].filter((name) => env[name] === undefined).join(' and ');
    throw new Error(
      `SHOP_DATA is set (${folder}), so that services may be processes of their own: then AMQP_URL and REDIS_URL must say where ` +
        `they meet (missing: ${missing}). Set them, or leave SHOP_DATA out.`,
    );
  }
  return {
    transport: rabbitmq({ urls }),
    state: redisState({ url }),
    cache: redisCache({ url }),
    namespace: basename(folder),
    timeout: '2s',
  };
}
