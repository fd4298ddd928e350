import { operationAdvice } from '../errors/unknown-operation.error.js';
import { FORBIDDEN_KEYS, type Limits } from '../message/limits.js';
import type { JsonObject } from '../message/workflow-message.js';
import type { ReferenceMode } from '../references/scope.js';
import { describe } from '../utils/describe.js';
import { isRecord } from '../utils/is-record.js';
import { schemaProblems } from '../utils/json-schema.js';
import { listed, suggestion } from '../utils/nearest.js';
import { pathTo, problemsUnder } from '../utils/problem.js';
import { STEP_KINDS, UNSUPPORTED } from './cookbook.schema.js';
import type { Problems } from './problems.js';
import { stepsOf } from './step-tree.js';

/** The operations that are known here: those of this process's services. */
export interface KnownOperations {
  /** Whether it is known what this service can do. */
  has(service: string): boolean;
  /** The operations of a known service. */
  names(service: string): readonly string[];
  /** The handler of a message pattern that only seems to be an operation. */
  plainHandler?(service: string, name: string): string | undefined;
}

export interface ValidatorOptions {
  readonly limits: Pick<Limits, 'branches' | 'attempts' | 'lifetime'>;
  readonly references: ReferenceMode;
  /** Default: no service's operations are known, so none is missed. */
  readonly operations?: KnownOperations;
}

/** What the schema cannot say of a cookbook, or would say badly. Takes documents of any shape. */
export function validate(cookbook: JsonObject, options: ValidatorOptions, problems: Problems): void {
  new Validation(cookbook, options, problems).run();
}

class Validation {
  /** Where each `step_id` stands. */
  private readonly places = new Map<string, string>();

  constructor(
    private readonly cookbook: JsonObject,
    private readonly options: ValidatorOptions,
    private readonly problems: Problems,
  ) {}

  run(): void {
    const { delivery, global_retry: retry, input_schema: inputSchema, steps } = this.cookbook;
    this.version();
    this.supported(this.cookbook, '', UNSUPPORTED.cookbook);
    this.retry(retry, 'global_retry');
    if (isRecord(inputSchema)) {
      for (const problem of problemsUnder('input_schema', schemaProblems(inputSchema))) this.problems.add(problem);
    }
    if (isRecord(steps)) {
      const fix = 'Make it an array, and give each step its name as "step_id".';
      this.refuse('steps', 'is an object, as it was in format 2.0', steps, fix);
    }
    for (const { step, path } of stepsOf(this.cookbook)) if (isRecord(step)) this.step(step, path);
    if (isRecord(delivery) && Array.isArray(steps)) this.deliveredTo(delivery['on_result'], steps);
  }

  /** The step before which the run is handed over. */
  private deliveredTo(id: unknown, steps: readonly unknown[]): void {
    if (typeof id !== 'string' || id === '') return;
    const [first, ...later] = steps.map((step) => (isRecord(step) ? step['step_id'] : undefined));
    if (later.includes(id)) return;
    const path = 'delivery.on_result';
    const names = later.filter((name) => typeof name === 'string');
    const fix = `Name a later one of the top-level steps: ${listed(names)}.`;
    if (id === first) {
      this.refuse(path, 'names the first step, before which there is nothing to deliver', id, fix);
    } else if (this.places.has(id)) {
      this.refuse(path, 'names a step that stands inside another', id, fix);
    } else {
      this.refuse(
        path,
        'names a step that does not exist',
        id,
        suggestion(id, 'Top-level steps after the first', names),
      );
    }
  }

  private version(): void {
    const { version } = this.cookbook;
    if (typeof version !== 'string') return;
    if (/^(?:1|2\.0)(?:\.|$)/.test(version)) {
      const fix = 'Make "steps" an array, name every step by "step_id", and say "2.1.0".';
      this.refuse('version', 'is a format that is no longer read', version, fix);
    } else if (/^(?:[3-9]|[1-9]\d+)(?:\.|$)/.test(version)) {
      const fix = 'Write the cookbook in 2.1, or update nest-orchestrator here.';
      this.refuse('version', 'is a newer format than 2.x, which is read here', version, fix);
    }
  }

  private step(step: JsonObject, path: string): void {
    this.id(step, path);
    this.ofItsType(step, path);
    this.supported(step, path, UNSUPPORTED.step);
    this.retry(step['retry'], pathTo(path, 'retry'));
    this.time(step['timeout_ms'], pathTo(path, 'timeout_ms'));
  }

  private id(step: JsonObject, path: string): void {
    const { step_id: id } = step;
    const place = pathTo(path, 'step_id');
    if (id === undefined && step['id'] !== undefined) {
      this.refuse(place, 'is missing; "id" was its name in format 1', id, 'Rename "id" to "step_id".');
    }
    if (typeof id !== 'string') return;
    const first = this.places.get(id);
    if (FORBIDDEN_KEYS.has(id)) this.refuse(place, 'is a name of JavaScript itself', id, 'Choose another id.');
    else if (first === undefined) this.places.set(id, place);
    else this.refuse(place, `is the id at ${first} too`, id, 'Give one of the two another id.');
  }

  private ofItsType(step: JsonObject, path: string): void {
    const at = (key: string): string => pathTo(path, key);
    switch (step['type']) {
      case 'task':
        this.operation(step, at('operation'));
        break;
      case 'switch':
        this.names(step['cases'], at('cases'));
        this.cases(step, path);
        break;
      case 'fork_join':
        this.names(step['branches'], at('branches'));
        this.branches(step['branches'], at('branches'));
        break;
      case 'wait':
        this.duration(step['duration_ms'], at('duration_ms'));
        break;
      case 'dispatch':
        this.refuse(at('type'), 'is not supported yet', 'dispatch', 'Use a task whose operation sends the request.');
        break;
      default:
        this.unknownType(step['type'], at('type'));
    }
  }

  private unknownType(type: unknown, path: string): void {
    if (typeof type !== 'string' || STEP_KINDS.includes(type)) return;
    this.refuse(path, 'is no type of step', type, suggestion(type, 'Types', STEP_KINDS));
  }

  private operation({ service, operation }: JsonObject, path: string): void {
    const { operations } = this.options;
    if (typeof service !== 'string' || typeof operation !== 'string' || !operations?.has(service)) return;
    const names = operations.names(service);
    if (names.includes(operation)) return;
    const fix = operationAdvice(operation, names, operations.plainHandler?.(service, operation));
    this.refuse(path, `is no operation of service "${service}"`, operation, fix);
  }

  private names(named: unknown, path: string): void {
    for (const name of isRecord(named) ? Object.keys(named) : []) {
      if (!FORBIDDEN_KEYS.has(name)) continue;
      this.refuse(pathTo(path, name), 'has a name of JavaScript itself', name, 'Choose another name.');
    }
  }

  private branches(branches: unknown, path: string): void {
    const { limits } = this.options;
    const count = isRecord(branches) ? Object.keys(branches).length : 0;
    const fix = 'Use a foreach, or raise limits.branches.';
    this.atMost(limits.branches, count, path, 'has more branches than limits.branches allows', fix);
    if (this.options.references === 'strict' && isRecord(branches)) this.order(Object.keys(branches), path);
  }

  /** Joins follow the order in which branches are declared. JavaScript puts names that are indexes first, in their own. */
  private order(names: readonly string[], path: string): void {
    for (const name of names.filter((one) => /^(?:0|[1-9]\d*)$/.test(one))) {
      const fix = `Begin it with a letter, as in "b${name}": JavaScript does not keep the order of names that are numbers.`;
      this.refuse(pathTo(path, name), 'has a name that is a number', name, fix);
    }
  }

  private cases({ cases, default: otherwise }: JsonObject, path: string): void {
    const named = Object.entries(isRecord(cases) ? cases : {});
    const places = named.map(([name, one]) => [pathTo(pathTo(path, 'cases'), name), one] as const);
    for (const [place, one] of [...places, [pathTo(path, 'default'), otherwise] as const]) {
      if (!Array.isArray(one)) continue;
      const fix = 'Make it one step that holds them: { "step_id": "…", "type": "steps", "steps": [ … ] }.';
      this.refuse(place, 'is a list of steps, and a case is one step', one, fix);
    }
  }

  /** A wait that a run does not outlive never ends. */
  private duration(duration: unknown, path: string): void {
    const { global_timeout_ms: timeout } = this.cookbook;
    const lifetime = Math.min(this.options.limits.lifetime, typeof timeout === 'number' ? timeout : Infinity);
    const fix = 'Wait less, or raise global_timeout_ms or limits.lifetime.';
    this.atMost(lifetime, duration, path, 'is longer than the run may live, in milliseconds', fix);
  }

  private retry(retry: unknown, path: string): void {
    if (!isRecord(retry)) return;
    const { max_attempts: attempts, delay_ms: delay, max_delay_ms: maxDelay } = retry;
    const fix = 'Ask for fewer attempts, or raise limits.attempts.';
    const allowed = this.options.limits.attempts;
    this.atMost(allowed, attempts, pathTo(path, 'max_attempts'), 'is more than limits.attempts allows', fix);
    this.time(delay, pathTo(path, 'delay_ms'));
    this.time(maxDelay, pathTo(path, 'max_delay_ms'));
  }

  /** A longer one could not be meant, nor could every timer hold it. */
  private time(time: unknown, path: string): void {
    const fix = 'Give less, or raise limits.lifetime.';
    this.atMost(this.options.limits.lifetime, time, path, 'is longer than any run may live, in milliseconds', fix);
  }

  private supported(target: unknown, path: string, unsupported: readonly string[]): void {
    if (!isRecord(target)) return;
    for (const key of unsupported) {
      if (target[key] === undefined) continue;
      const fix = `Remove "${key}"; what it asks for would not be done.`;
      this.refuse(pathTo(path, key), 'is not supported yet', target[key], fix);
    }
  }

  private atMost(allowed: number, found: unknown, path: string, message: string, fix: string): void {
    if (typeof found === 'number' && found > allowed) this.refuse(path, `${message} (${allowed})`, found, fix);
  }

  private refuse(path: string, message: string, found: unknown, fix: string): void {
    this.problems.add({ path, message, found: describe(found), fix });
  }
}
