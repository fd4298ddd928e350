import { InputTooLargeError } from '../errors/input-too-large.error.js';
import { DEFAULT_LIMITS, type Limits } from '../message/limits.js';
import { Evaluation } from './evaluation.js';
import { InputSize } from './input-size.js';
import { whenDone } from './maybe-promise.js';
import { Assembly, type Node, nodeOf } from './node.js';
import type { Helpers, ReferenceMode, Scope } from './scope.js';
import type { Argument, Call, Path, Placeholder } from './syntax.js';

export interface ResolveOptions {
  readonly mode: ReferenceMode;
  readonly helpers: Helpers;
  /** Default: `DEFAULT_LIMITS`. */
  readonly limits?: Pick<Limits, 'references' | 'inputBytes'>;
  /**
   * Whether objects and arrays are copied, so that who is given the result may change it. Default `true`. Without it they
   * are the scope's and the cookbook's own, and do not count towards `inputBytes`.
   */
  readonly copy?: boolean;
}

/**
 * Compiles the strings within a JSON value, at any depth; keys are never templates. Reading happens here, once: resolving
 * only looks values up.
 *
 * @example
 * compile({ to: '{{api_input.email}}', text: 'Total: {{steps.quote.output.total}}' }).resolve(scope, options)
 */
export function compile(value: unknown): Template {
  const placeholders: Placeholder[] = [];
  return new Template(nodeOf(value, placeholders), placeholders);
}

/** A JSON value with references in it. Immutable: one serves all runs. */
export class Template {
  private readonly count: number;

  /** @internal Use `compile`. */
  constructor(
    private readonly node: Node,
    /** In their order, malformed ones too. */
    readonly placeholders: readonly Placeholder[],
  ) {
    this.count = this.mentions().length;
  }

  /** It holds no placeholder: it resolves to a copy of itself, wherever. */
  get isStatic(): boolean {
    return this.placeholders.length === 0;
  }

  /** Every path in it, those in the arguments of helpers too, in their order. */
  get references(): readonly Path[] {
    return this.mentions().filter((one) => one.kind === 'path');
  }

  /** The names of the helpers that it calls, once each. */
  get helpers(): readonly string[] {
    return [...new Set(this.mentions().flatMap((one) => (one.kind === 'call' ? [one.helper] : [])))];
  }

  /**
   * Its value in a scope; a promise only when a helper answered with one.
   *
   * Throws, or rejects with, UnresolvedReferenceError and MalformedReferenceError (strict only), UnknownHelperError,
   * HelperError, InputTooLargeError.
   */
  resolve(scope: Scope, options: ResolveOptions): unknown {
    return this.evaluate(scope, options, false);
  }

  /** As `resolve`, and never a promise: a helper that answers with one is a HelperError. */
  resolveNow(scope: Scope, options: ResolveOptions): unknown {
    return this.evaluate(scope, options, true);
  }

  private mentions(): readonly (Path | Call)[] {
    return this.placeholders.flatMap(({ expression }) => (expression.kind === 'malformed' ? [] : within(expression)));
  }

  private evaluate(scope: Scope, options: ResolveOptions, immediate: boolean): unknown {
    const { mode, helpers, limits = DEFAULT_LIMITS, copy = true } = options;
    const step = scope.context.step_id;
    if (this.count > limits.references) throw new InputTooLargeError(step, 'references', limits.references);
    const evaluation = new Evaluation(scope, { mode, helpers, immediate });
    return whenDone(evaluation.values(this.placeholders), (values) => {
      const size = new InputSize(step, limits.inputBytes);
      const input = new Assembly(values, size, copy).build(this.node);
      size.check(input);
      return input;
    });
  }
}

/** Paths and calls: an expression, and what stands within it. */
function within(expression: Argument): readonly (Path | Call)[] {
  if (expression.kind === 'literal') return [];
  return expression.kind === 'path' ? [expression] : [expression, ...expression.args.flatMap(within)];
}
