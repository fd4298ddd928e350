import { fileURLToPath } from 'node:url';
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
} as const;
