import { Logger } from '@nestjs/common';
import type { Failure, FailureSource, FailureType } from '../errors/failure.js';
import { HelperError } from '../errors/helper.error.js';
import { OrchestratorError } from '../errors/orchestrator.error.js';
import { describe } from '../utils/describe.js';
import { describeError, stackOf } from '../utils/describe-error.js';
import { isRecord } from '../utils/is-record.js';

/** What kind of error it is; `undefined` leaves it to the library. Give it as `classifyError` in the module's options. */
export type ErrorClassifier = (error: unknown) => FailureType | undefined;

const TYPES: ReadonlySet<unknown> = new Set<FailureType>(['VALIDATION', 'BUSINESS', 'TRANSIENT', 'TIMEOUT', 'RATE_LIMIT', 'UNROUTABLE']); // prettier-ignore
const RETRYABLE: ReadonlySet<FailureType> = new Set(['TRANSIENT', 'TIMEOUT', 'RATE_LIMIT', 'UNROUTABLE']);
const VALIDATION_CODES: ReadonlySet<string> = new Set(['INPUT_INVALID', 'OUTPUT_INVALID', 'INPUT_TOO_LARGE', 'MESSAGE_TOO_LARGE', 'LIMIT_EXCEEDED', 'DELIVERY_RESULT_INVALID']); // prettier-ignore

/** Of a message, characters; of details, bytes as JSON. A failure travels with its run, every attempt's. */
const MESSAGE_LENGTH = 4_000;
const CODE_LENGTH = 200;
const DETAILS_BYTES = 16_000;

const logger = new Logger('ErrorClassifier');

/**
 * The failure an error stands for. Understands `HttpException`, `RpcException`, and anything with a numeric `status` or
 * `statusCode`, a `code` of Node's, or a `Retry-After`. What it tells is JSON, and bounded.
 * @param own asked first; where it throws, or answers what is no type, the rules here count
 */
export function classifyError(error: unknown, source: FailureSource, own?: ErrorClassifier): Failure {
  if (error instanceof HelperError) {
    const failure = classifyError(error.cause, 'helper', own);
    return { ...failure, message: cut(error.message, MESSAGE_LENGTH), code: failure.code ?? error.code };
  }
  const facts = readable(error);
  const type = ask(own, error) ?? typeOf(facts);
  return {
    type,
    message: cut(facts.message, MESSAGE_LENGTH),
    code: facts.code === null ? null : cut(facts.code, CODE_LENGTH),
    status: facts.status,
    details: boundedJson(facts.details),
    source: source === 'handler' && error instanceof OrchestratorError ? 'engine' : source,
    retryable: RETRYABLE.has(type),
    ...(facts.after === undefined ? {} : { after: facts.after }),
  };
}

const cut = (text: string, length: number): string => (text.length > length ? `${text.slice(0, length)}…` : text);

function ask(own: ErrorClassifier | undefined, error: unknown): FailureType | undefined {
  try {
    const answer: unknown = own?.(error);
    if (answer === undefined || TYPES.has(answer)) return answer as FailureType | undefined;
    logger.error(`classifyError answered ${describe(answer)}: it must answer a failure type, or undefined.`);
  } catch (fault) {
    logger.error('classifyError failed itself.', stackOf(fault) ?? describeError(fault));
  }
  return undefined;
}

/** Errors carry values of every kind: cycles, bigints, whole responses. */
function boundedJson(details: unknown): unknown {
  try {
    const text = JSON.stringify(details) as string | undefined;
    if (text === undefined) return [];
    return Buffer.byteLength(text) > DETAILS_BYTES
      ? `${describe(details)}, too large to be kept`
      : (JSON.parse(text) as unknown);
  } catch {
    return `${describe(details)}, which is no JSON`;
  }
}

/** An error may be anything, and fight being read. */
function readable(error: unknown): Facts {
  try {
    return factsOf(error);
  } catch {
    const message = 'The error could not be read: its properties throw.';
    return { name: undefined, message, code: 'ERROR_UNREADABLE', status: null, details: [] };
  }
}

interface Facts {
  readonly name: unknown;
  readonly message: string;
  readonly code: string | null;
  readonly status: number | null;
  readonly details: unknown;
  readonly after?: number;
}

function typeOf({ status, code, name }: Facts): FailureType {
  if (status === 400 || status === 422) return 'VALIDATION';
  if (status === 408 || status === 504) return 'TIMEOUT';
  if (status === 429) return 'RATE_LIMIT';
  if (status === 502 || status === 503) return 'TRANSIENT';
  if (status !== null) return 'BUSINESS';
  if (code === 'UNROUTABLE') return 'UNROUTABLE';
  if (code !== null && VALIDATION_CODES.has(code)) return 'VALIDATION';
  if (code === 'OPERATION_TIMEOUT' || code === 'ETIMEDOUT' || code === 'ESOCKETTIMEDOUT') return 'TIMEOUT';
  if (name === 'AbortError' || name === 'TimeoutError') return 'TIMEOUT';
  if (code !== null && /^(?:ECONN\w+|EPIPE|EAI_AGAIN|ENOTFOUND|EHOSTUNREACH|ENETUNREACH)$/.test(code))
    return 'TRANSIENT';
  return 'BUSINESS';
}

/** Nest's exceptions keep what they mean in a response or an error object, plain errors on themselves. */
function factsOf(error: unknown): Facts {
  const own = Object(error) as Record<string, unknown>; // of a primitive: its wrapper, which has none of these
  const inner = innerOf(own);
  const pick = (name: string): unknown => inner[name] ?? own[name];
  const status = [own['status'], inner['status'], own['statusCode'], inner['statusCode']].find(Number.isInteger);
  const code = pick('code');
  const told = inner['message'] ?? own['message'];
  const after = retryAfter(pick('retryAfter') ?? headerOf(pick('headers')));
  return {
    name: own['name'],
    message: textOf(told ?? error),
    code: typeof code === 'string' ? code : null,
    status: typeof status === 'number' ? status : null,
    details: pick('details') ?? (Array.isArray(told) ? told : []),
    ...(after === undefined ? {} : { after }),
  };
}

function textOf(message: unknown): string {
  if (Array.isArray(message)) return message.map(textOf).join('; ');
  return Object(message) === message ? describe(message) : String(message);
}

function innerOf(error: Record<string, unknown>): Record<string, unknown> {
  for (const name of ['getResponse', 'getError']) {
    const get = error[name];
    const inner: unknown = typeof get === 'function' ? (get.call(error) as unknown) : undefined;
    if (isRecord(inner)) return inner;
  }
  return {};
}

function headerOf(headers: unknown): unknown {
  return isRecord(headers) ? (headers['retry-after'] ?? headers['Retry-After']) : undefined;
}

/** Milliseconds: of a number of seconds, as HTTP has it. */
function retryAfter(value: unknown): number | undefined {
  const seconds = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof seconds === 'number' && Number.isFinite(seconds) && seconds >= 0 ? seconds * 1_000 : undefined;
}
