import { parseCookbook } from '../cookbook/cookbook.parser.js';
import { definitionOf, sameDefinition } from '../cookbook/definition.js';
import type { JsonObject } from '../message/workflow-message.js';
import type { ReferenceMode } from '../references/scope.js';
import { type Environment, type Plan, planOf } from '../engine/plan.js';
import { isRecord } from '../utils/is-record.js';

/** Plans that are kept: above the number of cookbooks that an application runs, and bounded where each run brings its own. */
const KEPT_PLANS = 200;

interface Known {
  readonly key: string;
  readonly document: JsonObject;
  readonly plan: Plan;
}

/**
 * Plans by cookbook. A message carries its whole cookbook, so the same definition arrives with every hop: it is validated
 * and compiled the first time, and recognised by comparing it after that.
 */
export class Planner {
  private readonly byKey = new Map<string, Known[]>();
  /** All of them, the oldest first. */
  private readonly known = new Set<Known>();

  constructor(private readonly environment: Environment) {}

  /** @throws InvalidCookbookError */
  plan(document: JsonObject, mode: ReferenceMode): Plan {
    const key = `${mode} ${fingerprint(document)}`;
    const found = this.byKey.get(key)?.find((known) => sameDefinition(known.document, document));
    if (found !== undefined) return found.plan;

    const definition = definitionOf(document);
    const cookbook = parseCookbook(definition, { limits: this.environment.limits, references: mode });
    return this.keep({ key, document: definition, plan: planOf(cookbook, this.environment) });
  }

  private keep(known: Known): Plan {
    this.known.add(known);
    this.byKey.set(known.key, [...(this.byKey.get(known.key) ?? []), known]);
    const [oldest] = this.known;
    if (oldest !== undefined && this.known.size > KEPT_PLANS) this.forget(oldest);
    return known.plan;
  }

  private forget(old: Known): void {
    this.known.delete(old);
    const others = (this.byKey.get(old.key) ?? []).filter((known) => known !== old);
    if (others.length > 0) this.byKey.set(old.key, others);
    else this.byKey.delete(old.key);
  }
}

/** Cheap, and different for most cookbooks that differ, nameless ones too. */
function fingerprint({ name, steps }: JsonObject): string {
  const each = Array.isArray(steps) ? steps.map((step: unknown) => (isRecord(step) ? textOf(step) : '')) : [];
  return [typeof name === 'string' ? name : '', ...each].join(' ');
}

function textOf({ step_id, type, service, operation }: JsonObject): string {
  return [step_id, type, service, operation].filter((part) => typeof part === 'string').join('/');
}
