import type { JsonObject, WorkflowMessage } from '../../message/workflow-message.js';
import { isRecord } from '../../utils/is-record.js';
import { coveredCookbook } from './definition.js';
import { edited, found, type Place, REDACTED } from './place.js';
import { placesOfAll, union } from './redact.js';
import { Veil } from './veil.js';

/**
 * The text of a message that could be read, and is not to be interpreted, without the secrets it names and what repeats them.
 * Without any it stays as it came.
 */
export function withoutSecrets(body: string, message: WorkflowMessage | undefined): string {
  if (message === undefined) return body;
  const { currentStep, secrets = [] } = message;
  if (secrets.length === 0) return body;
  const { secrets: _, ...envelope } = JSON.parse(body) as Record<string, unknown>;
  const places = placesOfAll(secrets);
  const spots = places.flatMap((place) => spotsOf(envelope, place));
  const veil = Veil.over(spots.flatMap((keys) => found(envelope, keys).map(({ value }) => value)));
  const emptied = spots.reduce<unknown>((rest, keys) => edited(rest, keys, () => REDACTED), envelope) as JsonObject;
  const { cookbook, pointers } = coveredCookbook(emptied['cookbook'] as JsonObject, veil);
  const covered = edited({ ...emptied, cookbook }, ['cookbook', 'api_input'], (value) => veil.value(value));
  const steps = (found(covered, ['cookbook', 'steps'])[0]?.value as readonly unknown[]).map((step) => {
    if (!isRecord(step)) return step;
    const output = 'output' in step ? { output: veil.value(step['output']) } : {};
    const execution = veil.value(step['_execution']);
    const known = isRecord(execution) ? execution : undefined;
    if (step['step_id'] !== currentStep) return { ...step, ...output, ...(known && { _execution: known }) };
    const before = Array.isArray(known?.['redacted']) ? (known['redacted'] as readonly string[]) : [];
    const redacted = union(before, [...secrets, ...pointers]);
    return { ...step, ...output, _execution: { status: 'running', ...known, redacted } };
  });
  const whole = edited(covered, ['cookbook', 'steps'], () => steps) as JsonObject;
  const { cookbook: own, ...rest } = whole;
  return JSON.stringify({ ...rest, ...(veil.value(dataOf(rest)) as object), cookbook: own });
}

/** What of an envelope may hold values, beside its cookbook. */
function dataOf({ position, carry, delivery_result: result }: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries({ position, carry, delivery_result: result }).filter(([, value]) => value !== undefined),
  );
}

/** Where a place is in an envelope. Its steps may make no plan: an output is looked for by the id of its step. */
function spotsOf(envelope: JsonObject, { root, step, keys }: Place): readonly (readonly (string | null)[])[] {
  if (root === 'api_input') return [['cookbook', 'api_input', ...keys]];
  if (root === 'delivery') return [['delivery_result', ...keys.slice(1)]];
  const outputs = found(envelope, ['cookbook', 'steps', null])
    .filter(({ value }) => isRecord(value) && value['step_id'] === step)
    .map(({ keys: at }) => [...at, 'output', ...keys]);
  return [...outputs, ...named(envelope['position'], step, ['position']).map((at) => [...at, ...keys])];
}

/** Where in a value a key is found, at any depth. */
function named(value: unknown, name: string, at: readonly string[]): readonly (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [
    ...(key === name ? [[...at, key]] : []),
    ...named(inner, name, [...at, key]),
  ]);
}
