/** An error as one line of a log. Whatever was thrown: reading it may throw, too. */
export function describeError(error: unknown): string {
  return attempt(() => String(error)) ?? 'an error that cannot be read';
}

/** What an error says of itself. */
export function messageOf(error: unknown): string {
  return attempt(() => (error instanceof Error ? error.message : String(error))) ?? 'an error that cannot be read';
}

/** Its stack, where it has one that can be read. */
export function stackOf(error: unknown): string | undefined {
  return attempt(() => (error instanceof Error ? error.stack : undefined));
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
