import { randomUUID } from 'node:crypto';
import type { CallerId, Cookbook } from '../cookbook/cookbook.js';
import { InvalidArgumentError } from '../errors/invalid-argument.error.js';
import { PROTOCOL, type WorkflowMessage } from '../message/workflow-message.js';
import type { ReferenceMode } from '../references/scope.js';
import { refuseUnknown } from '../utils/arguments.js';
import { changed } from '../utils/changed.js';
import { describe } from '../utils/describe.js';
import { isId } from '../utils/is-id.js';

/** What a run is started with, beside its cookbook. */
export interface StartOptions {
  /** The run's `api_input`; a JSON value. Default: the cookbook's own. */
  readonly input?: unknown;
  /** Names the run. Starting twice under one name starts one run, whatever the second input. Default: a random id. */
  readonly workflowId?: string | undefined;
  /** Follows the run through every service's events. Default: the `workflowId`. */
  readonly correlationId?: string | undefined;
  readonly tenantId?: CallerId | undefined;
  readonly workspaceId?: CallerId | undefined;
  readonly personId?: CallerId | undefined;
  /** Default: the module's `references`. */
  readonly references?: ReferenceMode | undefined;
  /** W3C trace context, carried to every handler. */
  readonly traceparent?: string | undefined;
  readonly tracestate?: string | undefined;
}

/**
 * The message that starts a run.
 * @param lifetime milliseconds the run may live, at most
 * @param now milliseconds since the epoch
 * @throws InvalidArgumentError naming the option: a run must not act for somebody else than was meant
 */
export function firstMessage(
  cookbook: Cookbook,
  input: unknown,
  options: StartOptions & { readonly references: ReferenceMode },
  lifetime: number,
  now: number,
): WorkflowMessage {
  check(options);
  const { workflowId = randomUUID(), tenantId, workspaceId, personId, references, traceparent, tracestate } = options;
  return {
    workflowId,
    correlationId: options.correlationId ?? workflowId,
    tenantId,
    workspaceId,
    personId,
    cookbook: changed(cookbook, { api_input: input }),
    currentStep: cookbook.steps[0]?.step_id ?? '',
    attempt: 1,
    protocol: PROTOCOL,
    lenient: references === 'lenient' ? true : undefined,
    epoch: 0,
    redo: 0,
    line: '',
    seq: 1,
    hopId: randomUUID(),
    hops: 0,
    expiresAt: now + Math.min(cookbook.global_timeout_ms ?? lifetime, lifetime),
    traceparent,
    tracestate,
  };
}

const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';

const CHECKS: readonly (readonly [keyof StartOptions, (value: unknown) => boolean, string])[] = [
  ['workflowId', isText, 'a text that is not empty'],
  ['correlationId', isText, 'a text that is not empty'],
  ['tenantId', isId, 'a text or a number'],
  ['workspaceId', isId, 'a text or a number'],
  ['personId', isId, 'a text or a number'],
  ['references', (value) => value === 'strict' || value === 'lenient', '"strict" or "lenient"'],
  ['traceparent', isText, 'a text'],
  ['tracestate', isText, 'a text'],
];

function check(options: StartOptions): void {
  refuseUnknown('start', options, ['input', ...CHECKS.map(([name]) => name)]);
  for (const [name, isRight, wanted] of CHECKS) {
    const value = options[name];
    if (value === undefined || isRight(value)) continue;
    throw new InvalidArgumentError(`start: ${name} must be ${wanted} (got ${describe(value)}).`);
  }
}
