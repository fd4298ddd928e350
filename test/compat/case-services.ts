import type { OperationContext } from '../../libs/orchestrator/src/index.js';
import { type BootedServices, bootServices, serviceOf } from '../../libs/orchestrator/src/testing/index.js';
import type { TestOperation } from '../../libs/orchestrator/src/testing/index.js';
import { cacheOf } from './case-cache.js';
import type { Faults } from './faults.js';
import type { Answer, Handlers, Json, Library, RecordedCase } from './recorded.js';

/** Called with every call of a handler, before it starts. */
export type OnInvocation = (workflowId: string, invocation: Json) => void;

/** The services of a case, each with every operation of the recording. They have one cache, if any. @throws what refuses to boot */
export async function bootCase(
  of: RecordedCase,
  library: Library,
  faults: Faults,
  heard: OnInvocation,
): Promise<BootedServices> {
  const { handlers } = library.createLibrary();
  const cache = of.cache === true ? cacheOf(faults) : false;
  const declared = Object.entries({ ...library.OPERATIONS, ...of.operations });
  // What the recording has no handler for is an operation that nobody declares.
  const entries = Object.fromEntries(declared.filter(([name]) => Object.hasOwn(handlers, name)));
  const named = (mutating: boolean): Record<string, TestOperation> =>
    Object.fromEntries(
      Object.keys(handlers)
        .filter((name) => (entries[name]?.mutates === true) === mutating)
        .map((name) => [name, operationOf(name, handlers, library, heard)]),
    );
  const imports = of.services.map((service) =>
    serviceOf(
      service,
      { reads: named(false), mutates: named(true) },
      {
        operations: { operations: entries },
        helpers: library.templateHelpers,
        classifyError: library.classifyError,
        cache,
        retry: { maxAttempts: of.max_attempts ?? 3, baseDelay: 0, maxDelay: 0 },
      },
    ),
  );
  return bootServices({ imports });
}

function operationOf(name: string, handlers: Handlers, library: Library, heard: OnInvocation): TestOperation {
  return async (input: unknown, context: OperationContext) => {
    const { service, operation, stepId: step_id, workflowId: workflow_id, correlationId: correlation_id } = context;
    const { tenantId: tenant_id, workspaceId: workspace_id, personId: person_id } = context.caller;
    const caller = { tenant_id, workspace_id, person_id };
    heard(workflow_id, asJson({ service, operation, step_id, input, ...caller }));
    const known = { service, operation, step_id, workflow_id, correlation_id, ...caller };
    return resultOf(await library.invoke(handlers, name, input, known));
  };
}

function resultOf({ status, result, error }: Answer): unknown {
  if (error === undefined) return result;
  const { message, ...rest } = error;
  throw Object.assign(new Error(message), { status, ...rest });
}

/** As it is now, whatever the handler does to it. */
const asJson = (value: Json): Json => JSON.parse(JSON.stringify(value)) as Json;
