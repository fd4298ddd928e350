import { v5 } from 'uuid';
import { InvalidMessageError } from '../errors/invalid-message.error.js';
import { describe } from '../utils/describe.js';
import { isRecord } from '../utils/is-record.js';
import {
  callerId,
  type FieldKind,
  flag,
  instant,
  integer,
  journal,
  object,
  pointers,
  position,
  tags,
  text,
  word,
} from './field-kind.js';
import { FORBIDDEN_KEYS } from './limits.js';
import type { Caller, JsonObject, WorkflowMessage } from './workflow-message.js';

type FieldName = Exclude<keyof WorkflowMessage, 'rest'>;
type FieldTable = {
  readonly [Name in FieldName]-?: readonly [wire: string, kind: FieldKind<NonNullable<WorkflowMessage[Name]>>];
};

/** Every field, its name on the wire, its values there; in the order in which they are written. */
const TABLE: FieldTable = {
  workflowId: ['workflow_id', word],
  correlationId: ['correlation_id', word],
  tenantId: ['tenant_id', callerId],
  workspaceId: ['workspace_id', callerId],
  personId: ['person_id', callerId],
  protocol: ['protocol', integer(1)],
  lenient: ['lenient', flag],
  epoch: ['epoch', integer(0)],
  redo: ['redo', integer(0)],
  line: ['line', text],
  seq: ['seq', integer(0)],
  hopId: ['hop_id', word],
  hops: ['hops', integer(0)],
  expiresAt: ['expires_at', instant],
  unroutableSince: ['unroutable_since', instant],
  waitingSince: ['waiting_since', instant],
  traceparent: ['traceparent', text],
  tracestate: ['tracestate', text],
  replyTo: ['reply_to', word],
  currentStep: ['current_step', word],
  attempt: ['attempt', integer(1)],
  position: ['position', position],
  deliveryResult: ['delivery_result', object],
  secrets: ['secrets', pointers],
  carry: ['carry', journal],
  purgeDebt: ['purge_debt', tags],
  cookbook: ['cookbook', object],
};

interface Field {
  readonly name: FieldName;
  readonly wire: string;
  readonly kind: FieldKind<unknown>;
}

const FIELDS = (Object.keys(TABLE) as FieldName[]).map((name): Field => {
  const [wire, kind] = TABLE[name];
  return { name, wire, kind };
});
const FIELD_OF = new Map(FIELDS.map((field) => [field.wire, field]));

const REQUIRED = ['workflowId', 'correlationId', 'cookbook', 'currentStep'] as const satisfies readonly FieldName[];

/** Where the original's messages may name the caller instead: keys of `cookbook._system`. Its `workspace_id` never counted. */
const SYSTEM_CALLER = [
  ['tenantId', 'tenant_id'],
  ['workspaceId', 'default_workspace_id'],
  ['personId', 'person_id'],
] as const satisfies readonly (readonly [keyof Caller, string])[];

/** What an envelope has beside its message that says how a run ended, or that it was handed over. */
export const TERMINAL_KEYS = ['status', 'api_output', 'steps', 'delivery', 'error', 'truncated'] as const;

export const withoutTerminalKeys = (envelope: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(envelope).filter(([key]) => !(TERMINAL_KEYS as readonly string[]).includes(key)));

/** Namespace of the ids that messages get from their texts. Never to be changed: services of two versions must agree. */
const TEXTS = '6f1d0a5e-2f0b-4c39-9d4e-0a3f6b7c8d21';

/**
 * The message in a JSON object, whose own keys alone are read. `null` counts as left out.
 * @param body its text, which gives a message without a `hop_id` one: the same at every delivery
 * @throws InvalidMessageError
 */
export function fromEnvelope(envelope: JsonObject, body: string): WorkflowMessage {
  const message: Record<string, unknown> = { epoch: 0, redo: 0, line: '', hops: 0 };
  const rest: Record<string, unknown> = {};
  let unknown = false;
  for (const key of Object.keys(envelope)) {
    const value = envelope[key];
    const field = FIELD_OF.get(key);
    if (field === undefined) {
      if (FORBIDDEN_KEYS.has(key)) throw new InvalidMessageError(key, 'is no name for a field: leave it out.');
      rest[key] = value;
      unknown = true;
    } else if (value !== null) message[field.name] = read(field.kind, value, key);
  }
  // What was handed over comes back in the envelope that said so.
  if (unknown) message['rest'] = message['deliveryResult'] === undefined ? rest : withoutTerminalKeys(rest);
  for (const name of REQUIRED) {
    if (message[name] === undefined) {
      const [wire, kind] = TABLE[name];
      throw new InvalidMessageError(wire, `is missing: it must be ${kind.expects}.`);
    }
  }
  message['hopId'] ??= v5(Buffer.from(body), TEXTS); // of bytes, as a text may hold half a character
  const system = (message['cookbook'] as JsonObject)['_system'];
  if (isRecord(system)) {
    for (const [name, key] of SYSTEM_CALLER) {
      const value = system[key] ?? null;
      if (message[name] === undefined && value !== null)
        message[name] = read(callerId, value, `cookbook._system.${key}`);
    }
  }
  return message as unknown as WorkflowMessage; // every field was read by the kind that the table gives its type
}

/** An envelope without its `hop_id`. */
export function unnamed({ hop_id: _, ...envelope }: JsonObject & { readonly hop_id?: unknown }): JsonObject {
  return envelope;
}

/** The JSON object that a message is on the wire. Its fields win over keys of `rest`. */
export function toEnvelope(message: WorkflowMessage): Record<string, unknown> {
  const envelope: Record<string, unknown> = {};
  for (const { name, wire, kind } of FIELDS) {
    const value = message[name];
    if (value !== undefined) envelope[wire] = kind.encode === undefined ? value : kind.encode(value);
  }
  for (const [key, value] of Object.entries(message.rest ?? {})) {
    if (!FIELD_OF.has(key) && !FORBIDDEN_KEYS.has(key)) envelope[key] = value;
  }
  return envelope;
}

function read(kind: FieldKind<unknown>, value: unknown, where: string): unknown {
  const decoded = kind.decode(value);
  if (decoded === undefined) throw new InvalidMessageError(where, `must be ${kind.expects} (got ${describe(value)}).`);
  return decoded;
}
