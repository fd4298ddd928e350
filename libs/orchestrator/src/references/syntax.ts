/** What a text is made of: pieces that stand for themselves, and placeholders. */
export type Part = string | Placeholder;

/** `{{…}}` in a text. */
export interface Placeholder {
  /** As written, braces included: what stays in a lenient run where the expression resolves to nothing. */
  readonly source: string;
  readonly expression: Expression;
}

export type Expression = Path | Call | Malformed;

/** What a helper can be given. */
export type Argument = Path | Call | Literal;

/** `api_input.customer.tags[0]`, `steps.quote.output.total`. A `context.` in front says nothing and is left out. */
export interface Path {
  readonly kind: 'path';
  /** The first name. */
  readonly root: string;
  /** Names and indexes below the root; of an output, those below `output`. */
  readonly keys: readonly string[];
  /** The step whose output it is. Absent where `steps` is followed by anything but `.<step_id>.output`, which resolves to nothing. */
  readonly step?: string;
}

/** `upper(api_input.name)`. */
export interface Call {
  readonly kind: 'call';
  readonly helper: string;
  readonly args: readonly Argument[];
}

export interface Literal {
  readonly kind: 'literal';
  readonly value: string | number | boolean | null;
}

/** What stands in the braces is no expression: text in a lenient run, an error in a strict one. */
export interface Malformed {
  readonly kind: 'malformed';
  readonly reason: string;
}
