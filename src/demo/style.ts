import pc from 'picocolors';

export type Colors = ReturnType<typeof pc.createColors>;

/** How text is set: in how many columns, and in which colours. */
export interface Style {
  readonly width: number;
  readonly colors: Colors;
}

/** What is known of a stream that text is written to. */
interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** The terminal's columns, within reason; colours only where a person looks, and not with `NO_COLOR`. */
export function styleOf({ isTTY = false, columns = 120 }: Screen): Style {
  return { width: Math.min(Math.max(columns, 60), 140), colors: pc.createColors(isTTY && pc.isColorSupported) };
}

const HUES = {
  catalog: 'cyan',
  orders: 'blue',
  payments: 'magenta',
  invoicing: 'yellow',
  notifications: 'green',
} as const;

/** Text in a service's own colour, the same in every timeline. */
export function paintService(text: string, service: string, colors: Colors): string {
  return service in HUES ? colors[HUES[service as keyof typeof HUES]](text) : text;
}

/** `7 ms`, `1.25 s` */
export function duration(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(2)} s`;
}

/** Text that fits: what is cut off is told by `…`. */
export function clip(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(width - 1, 0))}…`;
}

/** Text in lines that fit, broken between words. */
export function wrap(text: string, width: number): string {
  return text.replaceAll(new RegExp(`(.{1,${width}})(?: +|$)`, 'g'), '$1\n').trimEnd();
}

/** Columns on the left of all that belongs to a title. */
export const INDENT = 2;

export function indent(text: string): string {
  return text.replaceAll(/^/gm, ' '.repeat(INDENT));
}
