import type { JsonObject } from '../message/workflow-message.js';
import { expressionPath } from '../references/expression.js';
import { nearestRoot } from '../references/nearest-root.js';
import { DELIVERY_ROOT, ITEM_ROOTS, RUN_ROOTS } from '../references/scope.js';
import type { Path } from '../references/syntax.js';
import { compile } from '../references/template.js';
import { describe } from '../utils/describe.js';
import { isRecord } from '../utils/is-record.js';
import { listed, suggestion } from '../utils/nearest.js';
import { pathTo } from '../utils/problem.js';
import type { Problems } from './problems.js';
import { stepsOf, strandOf, type Strand, strandsOf } from './step-tree.js';

/** What a step can see. */
interface Sight {
  /** Steps whose outputs are there: earlier ones of the same strand, and of the strands around it. */
  readonly steps: ReadonlySet<string>;
  readonly roots: readonly string[];
}

/**
 * Finds the references that cannot resolve in any run: malformed ones, unknown roots, steps that do not exist, come later,
 * or stand inside another step. What an output or the input holds only a run can tell.
 */
export function checkVisibility(cookbook: JsonObject, problems: Problems): void {
  const ids = new Set([...stepsOf(cookbook)].map(({ step }) => (isRecord(step) ? step['step_id'] : undefined)));
  const sight = { steps: new Set<string>(), roots: RUN_ROOTS };
  const { delivery } = cookbook;
  const deliverTo = isRecord(delivery) ? delivery['on_result'] : undefined;
  new VisibilityCheck(ids, deliverTo, problems).strand(strandOf(cookbook['steps'], 'steps'), sight);
}

class VisibilityCheck {
  constructor(
    /** Every step of the cookbook. */
    private readonly ids: ReadonlySet<unknown>,
    /** The step from which on the delivery can be seen. */
    private readonly deliverTo: unknown,
    private readonly problems: Problems,
  ) {}

  strand(strand: Strand, around: Sight): void {
    const steps = new Set(around.steps);
    let { roots } = around;
    for (const { step, path } of strand) {
      if (!isRecord(step)) continue;
      if (step['step_id'] !== undefined && step['step_id'] === this.deliverTo) roots = [...roots, DELIVERY_ROOT];
      const sight = { steps, roots };
      this.texts(step, path, sight);
      const inside = step['type'] === 'foreach' ? { steps, roots: withItem(roots) } : sight;
      for (const inner of strandsOf(step, path)) this.strand(inner, inside);
      if (typeof step['step_id'] === 'string') steps.add(step['step_id']);
    }
  }

  /** The values of a step in which references are resolved. */
  private texts(step: JsonObject, path: string, sight: Sight): void {
    switch (step['type']) {
      case 'task':
        this.value(step['input'], pathTo(path, 'input'), sight);
        break;
      case 'foreach':
        this.iterator(step['iterator'], pathTo(path, 'iterator'), sight);
        break;
      case 'switch':
        this.expression(step['expression'], pathTo(path, 'expression'), sight);
        break;
      case 'wait':
        this.value(step['until'], pathTo(path, 'until'), sight);
        break;
    }
  }

  private value(value: unknown, path: string, sight: Sight): void {
    if (typeof value === 'string') {
      this.text(value, path, sight);
    } else if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) this.value(item, pathTo(path, index), sight);
    } else if (isRecord(value)) {
      for (const [key, item] of Object.entries(value)) this.value(item, pathTo(path, key), sight);
    }
  }

  private iterator(iterator: unknown, path: string, sight: Sight): void {
    if (typeof iterator !== 'string') return;
    if (compile(iterator).isStatic) {
      this.refuse(path, 'is a text, which is no array', iterator, `Refer to an array, as in "{{api_input.items}}".`);
    }
    this.text(iterator, path, sight);
  }

  private expression(expression: unknown, path: string, sight: Sight): void {
    if (typeof expression !== 'string') return;
    const reference = expressionPath(expression);
    if (reference === undefined) this.text(expression, path, sight);
    else this.reference(reference, expression, path, sight);
  }

  private text(text: string, path: string, sight: Sight): void {
    const { references, placeholders } = compile(text);
    for (const { source, expression } of placeholders) {
      if (expression.kind !== 'malformed') continue;
      const fix = 'Write {{a.path}} or {{helper(a.path)}}.';
      this.refuse(path, `holds what cannot be read: ${expression.reason}`, source, fix);
    }
    for (const reference of references) this.reference(reference, text, path, sight);
  }

  private reference({ root, keys, step }: Path, text: string, path: string, { steps, roots }: Sight): void {
    if (step !== undefined) {
      if (!steps.has(step)) this.step(step, text, path, [...steps]);
    } else if (root === 'steps') {
      const message = 'refers to a step in another way than steps.<step_id>.output';
      this.refuse(path, message, text, 'Write steps.<step_id>.output.');
    } else if (root === DELIVERY_ROOT) {
      this.delivery(keys, text, path, roots);
    } else if (!roots.includes(root)) {
      const names = [...roots, 'steps'];
      const fix = suggestion(root, 'To be seen here', names, nearestRoot(root, names));
      this.refuse(path, `refers to "${root}", which does not exist here`, text, fix);
    }
  }

  private delivery([key, ...below]: readonly string[], text: string, path: string, roots: readonly string[]): void {
    if (!roots.includes(DELIVERY_ROOT)) {
      const message = 'refers to "delivery", which does not exist here';
      const fix =
        typeof this.deliverTo === 'string'
          ? `It can be seen by step "${this.deliverTo}", which "delivery.on_result" names, and by those after it.`
          : 'Name the step that is told how the delivery went as "delivery.on_result".';
      this.refuse(path, message, text, fix);
    } else if (key !== undefined && key !== '_result') {
      const meant = ['delivery._result', ...(key === 'result' ? below : [key, ...below])].join('.');
      this.refuse(path, `refers to "delivery.${key}", which does not exist`, text, `Did you mean ${meant}?`);
    }
  }

  private step(step: string, text: string, path: string, seen: readonly string[]): void {
    if (this.ids.has(step)) {
      const fix = `Refer to an earlier step of the same list or of one around it: ${listed(seen)}.`;
      this.refuse(path, `refers to step "${step}", which has no output that can be seen here`, text, fix);
    } else {
      const fix = suggestion(step, 'To be seen here', seen);
      this.refuse(path, `refers to step "${step}", which does not exist`, text, fix);
    }
  }

  private refuse(path: string, message: string, found: string, fix: string): void {
    this.problems.add({ path, message, found: describe(found), fix });
  }
}

/** Within a `foreach`, also one within another. */
const withItem = (roots: readonly string[]): readonly string[] =>
  ITEM_ROOTS.every((root) => roots.includes(root)) ? roots : [...roots, ...ITEM_ROOTS];
