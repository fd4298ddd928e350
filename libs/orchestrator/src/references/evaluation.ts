import { HelperError } from '../errors/helper.error.js';
import { MalformedReferenceError } from '../errors/malformed-reference.error.js';
import { UnknownHelperError } from '../errors/unknown-helper.error.js';
import { excerpt } from './excerpt.js';
import { unresolved } from './explain.js';
import { copyJson } from './json-copy.js';
import { inOrder, isPromise, type MaybePromise, whenDone } from './maybe-promise.js';
import { lookup } from './path.js';
import type { Helper, Helpers, ReferenceMode, Scope } from './scope.js';
import type { Argument, Call, Placeholder } from './syntax.js';

export interface EvaluationOptions {
  readonly mode: ReferenceMode;
  readonly helpers: Helpers;
  /** A helper that answers with a promise fails. */
  readonly immediate: boolean;
}

/** Finds the values of placeholders in one scope. */
export class Evaluation {
  constructor(
    private readonly scope: Scope,
    private readonly options: EvaluationOptions,
  ) {}

  /** One value for each, in their order; for one that resolves to nothing in a lenient run, its own source. */
  values(placeholders: readonly Placeholder[]): MaybePromise<unknown[]> {
    return inOrder(placeholders, (placeholder) => this.valueOf(placeholder));
  }

  private valueOf({ source, expression }: Placeholder): unknown {
    const strict = this.options.mode === 'strict';
    if (expression.kind === 'malformed') {
      if (strict) throw new MalformedReferenceError(this.step, excerpt(source), expression.reason);
      return source;
    }
    return whenDone(this.evaluate(expression), (value) => {
      if (value === undefined && strict) throw unresolved(source, expression, this.scope);
      return value === undefined ? source : value;
    });
  }

  /** An argument that resolves to nothing is `undefined`: what that means is for the helper to say. */
  private evaluate(expression: Argument): unknown {
    switch (expression.kind) {
      case 'literal':
        return expression.value;
      case 'path':
        return lookup(expression, this.scope);
      case 'call':
        return this.call(expression);
    }
  }

  private call({ helper: name, args }: Call): unknown {
    const { helpers } = this.options;
    const helper = Object.hasOwn(helpers, name) ? helpers[name] : undefined;
    if (helper === undefined) throw new UnknownHelperError(this.step, excerpt(name), Object.keys(helpers));
    return whenDone(
      inOrder(args, (arg) => this.argument(arg)),
      (values) => this.ask(name, helper, values),
    );
  }

  /** A helper may change what it is given; the run's own values it never sees. What another helper answered is nobody's. */
  private argument(arg: Argument): unknown {
    const value = this.evaluate(arg);
    return arg.kind === 'path' ? copyJson(value) : value;
  }

  private ask(name: string, helper: Helper, values: readonly unknown[]): unknown {
    const failed = (cause: unknown): never => {
      throw new HelperError(this.step, name, cause);
    };
    try {
      const context = Object.freeze({ ...this.scope.context });
      const answer = (helper as (...args: readonly unknown[]) => unknown)(...values, context);
      if (!isPromise(answer)) return asJson(answer);
      if (!this.options.immediate) return Promise.resolve(answer).then(asJson).catch(failed);
      Promise.resolve(answer).catch(() => undefined);
    } catch (cause) {
      return failed(cause);
    }
    return failed(new TypeError('It answered with a promise. Only in the input of a task may a helper take its time.'));
  }

  private get step(): string {
    return this.scope.context.step_id;
  }
}

/**
 * An answer as a message would carry it, for it may be recorded and sent.
 * @throws TypeError for what JSON cannot hold: a cycle, a bigint
 */
function asJson(answer: unknown): unknown {
  if (answer === undefined || typeof answer === 'string') return answer;
  const json = JSON.stringify(answer) as string | undefined;
  return json === undefined ? undefined : JSON.parse(json);
}
