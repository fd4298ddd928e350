import { ExpressionReader } from './expression.reader.js';
import type { Part } from './syntax.js';

/** Texts that are remembered: the few of the cookbooks at hand, which come back with every hop. */
const KEPT_TEXTS = 1_000;
const KEPT_LENGTH = 1_000;
const known = new Map<string, readonly Part[]>();

/** The parts of a text. */
export function scan(text: string): readonly Part[] {
  return text.length > KEPT_LENGTH ? read(text) : (known.get(text) ?? keep(text, read(text)));
}

function keep(text: string, parts: readonly Part[]): readonly Part[] {
  known.set(text, parts);
  for (const oldest of known.keys()) {
    if (known.size <= KEPT_TEXTS) break;
    known.delete(oldest);
  }
  return parts;
}

/**
 * One pass, whatever the text holds. A placeholder begins at `{{` and ends at the `}}` after its expression; a `}}` in a
 * quoted argument does not end it. Where no expression can be read, everything up to the next `}}` is one malformed
 * placeholder.
 *
 * Linear: a reading that fails does so at the latest at the next `{{` outside quotes, and of all readings that cross a given
 * character no two are in the same state (outside quotes, within ', within "), so no character is read more than a few times.
 */
function read(text: string): readonly Part[] {
  const parts: Part[] = [];
  let from = 0;
  for (let open = text.indexOf('{{'); open !== -1; open = text.indexOf('{{', from)) {
    if (open > from) parts.push(text.slice(from, open));
    const reader = new ExpressionReader(text, open + 2);
    const expression = reader.expression();
    from = expression.kind === 'malformed' ? afterBraces(text, open + 2) : reader.at;
    parts.push({ source: text.slice(open, from), expression });
  }
  if (from < text.length || from === 0) parts.push(text.slice(from));
  return parts;
}

function afterBraces(text: string, from: number): number {
  const close = text.indexOf('}}', from);
  return close === -1 ? text.length : close + 2;
}
