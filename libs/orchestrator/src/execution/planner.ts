import { parseCookbook } from '../cookbook/cookbook.parser.js';
import { definitionOf, sameDefinition } from '../cookbook/definition.js';
import type { JsonObject } from '../message/workflow-message.js';
import type { ReferenceMode } from '../references/scope.js';
import { type Environment, type Plan, planOf } from '../engine/plan.js';

/** Plans that are kept: above the number of cookbooks that an application runs. */
const KEPT_PLANS = 500;

interface Known {
  readonly document: JsonObject;
  readonly plan: Plan;
}

/**
 * Plans by cookbook. A message carries its whole cookbook, so the same definition arrives with every hop: it is validated
 * and compiled the first time, and recognised by comparing it after that.
 */
export class Planner {
  /** By a rough fingerprint, the least recently made first. */
  private readonly known = new Map<string, Known[]>();

  constructor(private readonly environment: Environment) {}

  /** @throws InvalidCookbookError */
  plan(document: JsonObject, mode: ReferenceMode): Plan {
    const key = `${mode} ${fingerprint(document)}`;
    const candidates = this.known.get(key) ?? [];
    const found = candidates.find((known) => sameDefinition(known.document, document));
    if (found !== undefined) return found.plan;

    const definition = definitionOf(document);
    const cookbook = parseCookbook(definition, { limits: this.environment.limits, references: mode });
    return this.keep(key, { document: definition, plan: planOf(cookbook, this.environment) });
  }

  private keep(key: string, known: Known): Plan {
    this.known.set(key, [...(this.known.get(key) ?? []).slice(-7), known]);
    for (const oldest of this.known.keys()) {
      if (this.known.size <= KEPT_PLANS) break;
      this.known.delete(oldest);
    }
    return known.plan;
  }
}

/** Cheap, and different for most cookbooks that differ. */
function fingerprint({ name, steps }: JsonObject): string {
  return `${typeof name === 'string' ? name : ''} ${Array.isArray(steps) ? steps.length : 0}`;
}
