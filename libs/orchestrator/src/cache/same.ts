/** Whether a list of tags, or of their tokens, begins with these. */
export const begins = (whole: readonly string[], part: readonly string[]): boolean =>
  part.every((item, at) => item === whole[at]);

/** Whether two lists of tags, or of their tokens, are the same. */
export const same = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && begins(one, other);
