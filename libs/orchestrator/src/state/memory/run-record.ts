import type { Departure, Holder, RecordedOutcome } from '../state.store.js';

/** One sequential strand of a run: who may execute it, and what is done of its newest message. */
export interface Line {
  /** -1: expected, and not claimed yet. */
  seq: number;
  hopId: string;
  token: string;
  /** Milliseconds since the epoch. */
  leasedUntil: number;
  /** The lease is upheld for a handler that is past its deadline: it keeps the next message out too. */
  overdue: boolean;
  /** When the message was first granted. */
  readonly at: number;
  readonly journal: Record<string, RecordedOutcome>;
  /** How its hop left the run to others. */
  departure?: Departure['kind'];
  /** Messages of the original that this line has seen, and the place each was given: they carry none. */
  readonly placed: Map<string, number>;
}

type Ending = { readonly hop: Pick<Holder, 'line' | 'seq' | 'hopId'> } & {
  /** JSON: whoever is given it may change it. */
  readonly summary: string;
};

/** What is kept of one run. */
export class RunRecord {
  readonly lines = new Map<string, Line>();
  /** What arrived, as JSON, by part, by join. */
  readonly joins = new Map<string, Map<string, string>>();
  cancelled = false;
  closed = false;
  ending?: Ending;

  /** @param epoch -1: nobody has claimed it yet */
  constructor(
    readonly epoch: number,
    /** Milliseconds since the epoch, after which nobody asks for it any more. */
    readonly keptUntil: number,
  ) {}

  join(name: string): Map<string, string> {
    const join = this.joins.get(name) ?? new Map<string, string>();
    this.joins.set(name, join);
    return join;
  }

  /** A line will be claimed. */
  expect(line: string): void {
    if (!this.lines.has(line)) this.lines.set(line, { ...newLine(0), seq: -1 });
  }

  /** Nothing of how it ended can be told again: not even the message that ended it is let in any more. */
  close(): void {
    this.closed = true;
    this.lines.clear();
  }

  /** Of an ended run its own last message alone may come again. */
  end({ line: name, seq, hopId }: Holder, line: Line, summary: string): void {
    this.ending = { hop: { line: name, seq, hopId }, summary };
    this.lines.clear();
    this.joins.clear();
    this.lines.set(name, line);
  }
}

/** Whether it is this hop that ended its run. */
export function fitsEnding({ hop }: Ending, { line, seq, hopId }: Pick<Holder, 'line' | 'seq' | 'hopId'>): boolean {
  return hop.line === line && hop.seq === seq && hop.hopId === hopId;
}

/** @param at milliseconds since the epoch */
export const newLine = (at: number): Line => ({
  seq: 0,
  hopId: '',
  token: '',
  leasedUntil: 0,
  overdue: false,
  at,
  journal: {},
  placed: new Map(),
});
