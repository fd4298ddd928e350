import { inspect } from 'node:util';

/**
 * The JSON text of a message, as whatever received it hands it over: as text, as bytes in UTF-8, or read already. What JSON
 * cannot hold becomes a text that is none, so that it is refused as any other message that cannot be read.
 */
export function textOf(payload: unknown): string {
  if (typeof payload === 'string') return payload;
  if (ArrayBuffer.isView(payload)) {
    return Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString();
  }
  return jsonOf(payload) ?? inspect(payload);
}

/** `undefined`: JSON has nothing for it, or cannot hold it: it is circular, too deep, or has a bigint. */
function jsonOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}
