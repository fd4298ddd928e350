const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)T\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/i;

/** Milliseconds since the epoch of an RFC 3339 text; `undefined` for what is none, such as a day that its month does not have. */
export function parseMoment(value: unknown): number | undefined {
  const [, year, month, day] = (typeof value === 'string' ? RFC_3339.exec(value) : null) ?? [];
  if (new Date(Date.UTC(Number(year), Number(month) - 1, Number(day))).getUTCDate() !== Number(day)) return undefined;
  const ms = Date.parse(value as string);
  return Number.isNaN(ms) ? undefined : ms;
}
