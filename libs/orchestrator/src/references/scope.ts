/** What `{{…}}` can see. Copies nothing: values are looked up when a reference asks for them. */
export interface Scope {
  /**
   * The value under a root name (`api_input`, `current`, `index`, `workflow_id`, `tenant_id`, …), or `undefined` where the
   * root does not exist here. `steps` is not a root: see `output`.
   */
  root(name: string): unknown;
  /**
   * The output of a step that has completed and can be seen from here, the innermost first. `{ output: undefined }` for a
   * step that completed without one; `undefined` when there is no such step, or it has no output yet.
   */
  step(stepId: string): { readonly output: unknown } | undefined;
  /** Names for error messages: what `root` knows and the ids `step` knows. Called only to build an error. */
  names(): { readonly roots: readonly string[]; readonly steps: readonly string[] };
  /** Where the reference stands: given to helpers, and told in errors. */
  readonly context: HelperContext;
}

/** What a helper is told about the place it is called from: the last argument of every call. */
export interface HelperContext {
  readonly service: string;
  readonly step_id: string;
  readonly workflow_id: string;
}

/** A template helper: pure, registered by the app, called as `helper(...args, context)`. Its arguments are copies, its context is frozen. It may return a promise in a task's input only. */
export type Helper = (...args: never[]) => unknown;

/** Helpers by name: own properties only. */
export type Helpers = Readonly<Record<string, Helper>>;

/** `strict`: what resolves to nothing is an error. `lenient`: it stays as literal text, as in the original. */
export type ReferenceMode = 'strict' | 'lenient';

/** What can be seen everywhere in a run. */
export const RUN_ROOTS = ['api_input', 'workflow_id', 'correlation_id', 'tenant_id', 'workspace_id', 'person_id', 'step_id'] as const; // prettier-ignore

/** What can be seen besides from the step on that is told how the delivery went: `delivery._result`. */
export const DELIVERY_ROOT = 'delivery';

/** What can be seen inside a `foreach` besides. */
export const ITEM_ROOTS = ['current', 'index'] as const;
