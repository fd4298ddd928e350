import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { FailureType, Helpers, OperationEntries } from '../../libs/orchestrator/src/index.js';

/** What a case says of a run; of a case with a `sequence`, what its runs have in common. */
export interface RecordedRun {
  readonly cookbook?: Json;
  readonly api_input?: unknown;
  readonly tenancy?: { readonly system?: Json; readonly message?: Json };
  readonly start_step?: string;
  readonly start_service?: string;
  readonly control_service?: string;
  readonly message_set?: Json;
  readonly message_omit?: readonly string[];
  /** The whole message instead; a text is taken as it stands on the wire. */
  readonly raw_message?: unknown;
  /** What a dispatcher answers to a run that was handed over to it. Absent: nothing. */
  readonly delivery_simulation?: unknown;
  readonly faults?: readonly RecordedFault[];
  /** The next run starts without waiting for this one's end, so many milliseconds later. */
  readonly with_next?: boolean;
  readonly settle_ms?: number;
}

export interface RecordedCase extends RecordedRun {
  readonly name: string;
  readonly category: string;
  readonly services: readonly string[];
  readonly operations?: OperationEntries;
  /** Whether its services have a step cache. Default: no. */
  readonly cache?: boolean;
  readonly max_attempts?: number;
  readonly sequence?: readonly RecordedRun[];
  readonly secret_markers?: readonly string[];
  readonly invocation_order?: 'strict' | 'set';
  readonly expect: 'same' | 'better' | 'refused' | 'open';
  readonly expected?: readonly Observation[];
  readonly better?: { readonly sequence: Readonly<Record<string, unknown>> };
}

/** Something that fails so many times: publishing to the destination `match`, or a call of the cache. */
export interface RecordedFault {
  readonly op: string;
  readonly match?: string;
  readonly times: number;
  readonly error: { readonly message: string; readonly code?: string };
}

/** What was seen of a run; absent fields are those that the recording leaves out too. */
export interface Observation {
  readonly status: string;
  readonly terminal_count?: number;
  readonly outputs: Json;
  readonly api_output?: unknown;
  readonly attempts: Readonly<Record<string, number>>;
  readonly invocations: readonly Json[];
  readonly error?: ObservedError;
  readonly leaks?: readonly string[];
}

export interface ObservedError {
  readonly step_id: string | null;
  readonly type: string;
  readonly code: string | null;
  readonly status_code: number | null;
  readonly details: unknown;
  readonly reason: string;
  readonly total_attempts: number;
  readonly message: string;
  readonly source: string;
  /** What went wrong, more exactly than the original could say. */
  readonly kind?: string | undefined;
}

export type Json = Readonly<Record<string, unknown>>;

type Handle = (input: unknown, context: Json) => Promise<unknown>;
export type Handlers = Readonly<Record<string, Handle>>;

/** The recording's `handlers.mjs`. */
export interface Library {
  readonly OPERATIONS: OperationEntries;
  createLibrary(): { readonly handlers: Handlers };
  /** Calls an operation as the original's invoker does, which says by a status how it went, or throws. */
  invoke(handlers: Handlers, operation: string, input: unknown, context: Json): Promise<Answer>;
  readonly templateHelpers: Helpers;
  classifyError(error: unknown): FailureType;
}

export interface Answer {
  readonly status: number;
  readonly result?: unknown;
  readonly error?: { readonly message: string; readonly code?: string; readonly details?: unknown };
}

/** The recording's `check.mjs`. */
export interface Checker {
  score(of: RecordedCase, observations: readonly Observation[]): { pass: boolean; differences: readonly string[] };
  /** A text that two values share when they are equal but for the order of their keys. */
  canonical(value: unknown): string;
}

/** Cases, the operations that they use, and what says whether an observation agrees with its case. */
export interface Recording {
  readonly cases: readonly RecordedCase[];
  readonly library: Library;
  readonly checker: Checker;
}

/** Beneath the root of the repository, which is where its commands run. */
const FOLDER = resolve('test/fixtures/compat');

/** @param file other cases than the repository's, relative to the working directory */
export async function readRecording(file = join(FOLDER, 'cases.json')): Promise<Recording> {
  const load = (module: string): Promise<unknown> => import(pathToFileURL(join(FOLDER, module)).href);
  return {
    cases: JSON.parse(await readFile(resolve(file), 'utf8')) as readonly RecordedCase[],
    library: (await load('handlers.mjs')) as Library,
    checker: (await load('check.mjs')) as Checker,
  };
}
