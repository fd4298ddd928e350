/**
 * A value as JSON. `undefined`: there is none, or JSON cannot hold it, so that whoever is served from the cache would get
 * something else than whoever executes: bytes, streams, promises, maps, sets, symbols, functions, bigints, or a cycle.
 */
export function jsonOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value, refuseForeign);
  } catch {
    return undefined;
  }
}

function refuseForeign(this: unknown, key: string, value: unknown): unknown {
  if (isForeign((this as Record<string, unknown>)[key])) throw new TypeError('no JSON'); // before toJSON
  return value;
}

/** Whether JSON would make something else of it, or nothing. */
export function isForeign(value: unknown): boolean {
  if (typeof value !== 'object') return typeof value === 'function' || typeof value === 'symbol' || typeof value === 'bigint'; // prettier-ignore
  if (value === null) return false;
  return ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value instanceof Map || value instanceof Set || value instanceof Promise || isStream(value); // prettier-ignore
}

/** Node's streams and those of the web, Nest's StreamableFile, Observables, and the bodies of `fetch`. */
const isStream = (value: object): boolean =>
  ['pipe', 'pipeTo', 'getStream', 'arrayBuffer'].some(
    (method) => method in value && typeof (value as Record<string, unknown>)[method] === 'function',
  );
