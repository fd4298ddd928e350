import type { Failure } from '../errors/failure.js';
import type { OrchestratorError } from '../errors/orchestrator.error.js';
import { encodeWithin, isTooLarge } from './bounds.js';
import { changed } from '../utils/changed.js';
import { isRecord } from '../utils/is-record.js';
import { type TERMINAL_KEYS, toEnvelope, unnamed, withoutTerminalKeys } from './envelope.js';
import type { Limits } from './limits.js';
import type { MessageCodec } from './message.codec.js';
import type { JsonObject, WorkflowMessage } from './workflow-message.js';

/** How a run ended. */
export interface Terminal {
  readonly status: 'completed' | 'failed' | 'cancelled';
  /** The run as it stood: a failed one is requeued from it. */
  readonly message: WorkflowMessage;
  /** Output of the last step; left out: none. */
  readonly apiOutput?: unknown;
  /** Outputs by id of top-level step. */
  readonly steps: Readonly<Record<string, unknown>>;
  readonly failure?: Failure | undefined;
}

/** `error` of a terminal envelope. */
export interface FailureDocument {
  readonly step_id: string | null;
  readonly path: string | null;
  readonly type: string;
  readonly code: string | null;
  readonly status_code: number | null;
  readonly message: string;
  readonly details: unknown;
  readonly source: string;
  readonly error_ref: string | null;
  /** `max_retries_exceeded`, `non_retryable_<type>`, `cancelled` or `poison`. */
  readonly reason: string;
  readonly total_attempts: number;
}

/** What a terminal has beside the keys of the message in it. */
interface TerminalKeys extends Record<(typeof TERMINAL_KEYS)[number], unknown> {
  readonly status: Terminal['status'] | 'delivery_requested';
  readonly api_output: unknown;
  readonly steps: Readonly<Record<string, unknown>> | undefined;
  readonly delivery: unknown;
  readonly error: FailureDocument | undefined;
  readonly truncated: true | undefined;
}

/**
 * The terminal envelope: the message, and beside it `status`, `api_output`, `steps`, `delivery` and `error`. A run must be
 * able to end, so this refuses nothing for its size. What does not fit is left out, and `truncated: true` says so:
 * 1. above `messageBytes`: `api_output` and `steps`, which the cookbook holds too, and the details of a long error;
 * 2. above `incomingBytes` even so, when no service could read it for a requeue: the run but its identity.
 */
export function encodeTerminal({ status, message, apiOutput, steps, failure }: Terminal, limits: Limits): string {
  const error = failure === undefined ? undefined : failureDocument(failure);
  const delivery = deliveryOf(message);
  const output = status === 'completed' ? (apiOutput ?? null) : apiOutput;
  const keys: TerminalKeys = { status, api_output: output, steps, delivery, error, truncated: undefined };
  const run = toEnvelope(message);
  return (
    fitting(changed(run, keys), 'messageBytes', limits) ??
    fitting({ ...run, ...shortened(keys) }, 'incomingBytes', limits) ??
    JSON.stringify({ ...identityOf(run), ...shortened(keys), delivery: undefined })
  );
}

/**
 * The envelope of a run that is handed over: as a terminal, beside the message with which the run is resumed. That message is
 * there always; where `api_output`, `steps` and `delivery` do not fit beside it they are left out, and `truncated: true` says so: the
 * cookbook holds them too. It has no `hop_id`: each result gives its resume another, so that of several results one counts.
 * @throws MessageTooLargeError, LimitExceededError when the message alone does not fit
 */
export function encodeHandOver({ message, apiOutput, steps }: Omit<Terminal, 'status'>, limits: Limits): string {
  const run = unnamed(toEnvelope(message));
  encodeWithin(run, 'messageBytes', limits);
  const status = 'delivery_requested';
  const delivery = deliveryOf(message);
  const output = apiOutput ?? null;
  const keys: TerminalKeys = { status, api_output: output, steps, delivery, error: undefined, truncated: undefined };
  return fitting(changed(run, keys), 'messageBytes', limits) ?? JSON.stringify({ ...run, status, truncated: true });
}

/**
 * The run that a terminal ended, as it stood; also where the envelope holds it as the text that was refused. For a requeue:
 * `epoch` is still the one that ended.
 * @throws what {@link MessageCodec.decode} throws; an InvalidMessageError also where only the run's identity was left
 */
export function messageOfTerminal(body: string, codec: MessageCodec): WorkflowMessage {
  const { raw } = fieldsOf(body);
  const { rest = {}, ...message } = codec.decode(typeof raw === 'string' ? raw : body);
  const others = withoutTerminalKeys(rest);
  return Object.keys(others).length === 0 ? message : { ...message, rest: others };
}

/** A run that ended on `workflow.failed`. */
export interface FailedRun {
  /** `undefined` where the message could not even be read. */
  readonly workflowId: string | undefined;
  readonly correlationId: string | undefined;
  readonly tenantId: string | number | undefined;
  readonly status: 'failed' | 'cancelled';
  /** How often it had been requeued before. */
  readonly epoch: number;
  readonly error: FailureDocument | undefined;
  /** The envelope, as it was published: give it to `requeue`. */
  readonly envelope: JsonObject;
}

/** What this library writes there; nobody else writes to the topic. */
interface WrittenEnvelope {
  readonly workflow_id?: string;
  readonly correlation_id?: string;
  readonly tenant_id?: string | number;
  readonly status?: string;
  readonly epoch?: number;
  readonly error?: FailureDocument;
}

/** What a failed envelope says. */
export function describeFailed(body: string): FailedRun {
  const envelope = fieldsOf(body);
  const { workflow_id, correlation_id, tenant_id, status, epoch = 0, error } = envelope as WrittenEnvelope;
  return {
    workflowId: workflow_id,
    correlationId: correlation_id,
    tenantId: tenant_id,
    status: status === 'cancelled' ? 'cancelled' : 'failed',
    epoch,
    error,
    envelope,
  };
}

function fieldsOf(body: string): JsonObject {
  try {
    const document: unknown = JSON.parse(body);
    return isRecord(document) ? document : {};
  } catch {
    return {};
  }
}

/**
 * The failed envelope of a message that could not be read, or must not be interpreted: `raw` is its text, beside the run it
 * names where that could be read. Longer than `messageBytes` allows it is cut, and `truncated: true` says so, beside
 * `raw_bytes`, its size before.
 */
export function encodeRefused(
  body: string,
  refusal: OrchestratorError,
  limits: Limits,
  message?: Pick<WorkflowMessage, 'workflowId' | 'correlationId'>,
  status = 'failed',
): string {
  const error: FailureDocument = {
    step_id: null,
    path: null,
    type: 'VALIDATION',
    code: refusal.code,
    status_code: 400,
    message: refusal.message,
    details: [],
    source: 'engine',
    error_ref: null,
    reason: 'non_retryable_validation',
    total_attempts: 0,
  };
  const identity = message && { workflow_id: message.workflowId, correlation_id: message.correlationId };
  // As a JSON text a character takes one byte to six, so the first cut may not be enough.
  for (let raw = body.slice(0, limits.messageBytes); ; raw = raw.slice(0, raw.length * 0.75)) {
    const cut = raw.length === body.length ? {} : { truncated: true, raw_bytes: Buffer.byteLength(body) };
    const document = JSON.stringify({ ...identity, status, error, raw, ...cut });
    if (raw === '' || Buffer.byteLength(document) <= limits.messageBytes) return document;
  }
}

const deliveryOf = ({ cookbook }: WorkflowMessage): unknown => cookbook['delivery'] ?? { handler: 'none' };

function failureDocument(failure: Failure): FailureDocument {
  const { type, code, message, details, source } = failure;
  return {
    step_id: failure.step ?? null,
    path: failure.path ?? null,
    type,
    code,
    status_code: failure.status,
    message,
    details,
    source,
    error_ref: failure.ref ?? null,
    reason: reasonOf(failure),
    total_attempts: failure.attempts ?? 0,
  };
}

function reasonOf({ code, source, type, retryable }: Failure): string {
  if (source !== 'handler' && code === 'RUN_CANCELLED') return 'cancelled';
  if (source === 'infrastructure' && code === 'POISON_MESSAGE') return 'poison';
  return retryable ? 'max_retries_exceeded' : `non_retryable_${type.toLowerCase()}`;
}

const LONG_ERROR = 4_096;

function shortened(keys: TerminalKeys): TerminalKeys {
  const { error } = keys;
  const long = error !== undefined && JSON.stringify(error).length > LONG_ERROR;
  const shorter = long ? { ...error, message: error.message.slice(0, LONG_ERROR), details: null } : error;
  return { ...keys, api_output: undefined, steps: undefined, error: shorter, truncated: true };
}

const IDENTITY = [
  'workflow_id',
  'correlation_id',
  'tenant_id',
  'workspace_id',
  'person_id',
  'epoch',
  'line',
  'current_step',
];

const identityOf = (run: JsonObject): JsonObject => Object.fromEntries(IDENTITY.map((key) => [key, run[key]]));

function fitting(document: object, limit: 'messageBytes' | 'incomingBytes', limits: Limits): string | undefined {
  try {
    return encodeWithin(document, limit, limits);
  } catch (error) {
    if (isTooLarge(error)) return undefined;
    throw error;
  }
}
