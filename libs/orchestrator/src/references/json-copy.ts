import type { InputSize } from './input-size.js';

/** A deep copy of a JSON value that shares nothing with it. Where a size is given it counts what is copied, and stops at its limit. */
export function copyJson(value: unknown, size?: InputSize): unknown {
  if (typeof value === 'string') {
    size?.addText(value);
    return value;
  }
  size?.addToken();
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => copyJson(item, size));
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    size?.addText(key);
    put(copy, key, copyJson((value as Readonly<Record<string, unknown>>)[key], size));
  }
  return copy;
}

/** Sets an own property. Assigning to `__proto__` would change the object's prototype instead. */
export function put(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
  } else {
    target[key] = value;
  }
}
