import { describe } from '../utils/describe.js';
import { isRecord } from '../utils/is-record.js';
import { pathTo } from '../utils/problem.js';
import type { Problems } from './problems.js';
import { stepsOf } from './step-tree.js';

type Spellings = ReadonlyMap<string, string>;

/** Names by their other accepted spelling: `timeoutMs` for `timeout_ms`. */
const spellings = (...names: string[]): Spellings =>
  new Map(names.map((name) => [name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()), name]));

const COOKBOOK = spellings('input_schema', 'global_retry', 'global_timeout_ms', 'global_error_handler');
const STEP = spellings('workspace_id', 'timeout_ms', 'duration_ms', 'depends_on', 'on_error');
const RETRY = spellings('max_attempts', 'delay_ms', 'backoff_multiplier', 'max_delay_ms');
const DELIVERY = spellings('on_result');
const DEFAULTS = spellings('workspace_id');

/** Gives the format's own names to keys in camelCase, in place. Only keys of the format: an input keeps its own. */
export function respell(cookbook: Record<string, unknown>, problems: Problems): void {
  rename(cookbook, '', COOKBOOK, problems);
  rename(cookbook['global_retry'], 'global_retry', RETRY, problems);
  rename(cookbook['delivery'], 'delivery', DELIVERY, problems);
  rename(cookbook['defaults'], 'defaults', DEFAULTS, problems);
  for (const { step, path } of stepsOf(cookbook)) {
    rename(step, path, STEP, problems);
    if (isRecord(step)) rename(step['retry'], pathTo(path, 'retry'), RETRY, problems);
  }
}

function rename(target: unknown, path: string, names: Spellings, problems: Problems): void {
  if (!isRecord(target)) return;
  for (const key of Object.keys(target)) {
    const name = names.get(key);
    if (name === undefined) continue;
    if (Object.hasOwn(target, name)) {
      const message = `says again what "${name}" says`;
      problems.add({ path: pathTo(path, key), message, found: describe(target[key]), fix: `Remove "${key}".` });
    } else {
      target[name] = target[key];
      Reflect.deleteProperty(target, key);
    }
  }
}
