/**
 * The value of a JSON text. The error says where the text stops being JSON, which Node's own often does not.
 *
 * @throws SyntaxError `line 3, column 14: …`
 */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const before = text.slice(0, endOfJson(text)).split('\n');
    const column = (before.at(-1) ?? '').length + 1;
    throw new SyntaxError(`line ${before.length}, column ${column}: ${messageOf(cause)}`, { cause });
  }
}

/** Length of the longest beginning of the text that more text could still complete. */
function endOfJson(text: string): number {
  let low = 0;
  let high = text.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isLost(text.slice(0, middle + 1))) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Whether the text is wrong before its end, so that nothing could complete it. */
function isLost(text: string): boolean {
  try {
    JSON.parse(text);
    return false;
  } catch (error) {
    const message = messageOf(error);
    const position = /at position (\d+)/.exec(message)?.[1];
    if (position !== undefined) return Number(position) < text.length;
    return !message.includes('end of JSON input');
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
