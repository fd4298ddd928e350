import { SHORT_NAME } from '../utils/short-name.js';

const DIALECT = 'https://json-schema.org/draft/2020-12/schema';

/** Keys that have a meaning in the format and none here yet: refused, since ignoring them would change what a run does. */
export const UNSUPPORTED = {
  cookbook: ['handlers', 'global_error_handler'],
  step: ['condition', 'depends_on', 'on_error'],
} as const;

const refused = (keys: readonly string[]): Record<string, object> =>
  Object.fromEntries(keys.map((key) => [key, { not: {}, description: 'Not supported yet.' }]));

const ref = (definition: string): object => ({ $ref: `#/$defs/${definition}` });
const integer = (minimum: number, description: string): object => ({ type: 'integer', minimum, description });
const listOfSteps = (description: string): object => ({ type: 'array', minItems: 1, items: ref('step'), description });
const template = (description: string): object => ({ type: 'string', minLength: 1, description });
const callerId = (description: string): object => ({ type: ['string', 'number'], description });

const NAME = { type: 'string', pattern: '^(?!.*\\{\\{).+$' };
const SERVICE = { type: 'string', pattern: SHORT_NAME };
const WITHIN = 'a name of at most 100 letters, digits, "_" and "-", never a template.';
const PINNED = { ...SERVICE, description: `Give the service that evaluates this step: ${WITHIN}` };

const DURATION = integer(0, 'Give milliseconds as a whole number, or "until" instead.');

/** The keys of one step type, beside those that every step may carry. */
const STEP_TYPES = {
  task: {
    description: 'Runs one operation of one service.',
    required: ['service', 'operation'],
    properties: {
      service: { ...SERVICE, description: `Give the service whose operation it is: ${WITHIN}` },
      operation: { ...NAME, description: 'Give the operation to run: a name, never a template.' },
      input: { description: 'Any JSON; texts in it may hold references such as {{api_input.order_id}}.' },
      mutates: { type: 'boolean', description: 'Say true when the operation changes something, else false.' },
    },
  },
  steps: {
    description: 'Runs its steps one after another.',
    required: ['steps'],
    properties: { service: PINNED, steps: listOfSteps('Give an array of at least one step.') },
  },
  foreach: {
    description: 'Runs its body for every item of an array.',
    required: ['iterator', 'body'],
    properties: {
      service: PINNED,
      iterator: template('Give a reference to an array, such as "{{api_input.items}}".'),
      body: listOfSteps('Give an array of at least one step, to be run for every item.'),
      concurrency: integer(1, 'Give the number of lanes: a whole number, 1 or more.'),
    },
  },
  switch: {
    description: 'Runs the case that its expression names.',
    required: ['expression', 'cases'],
    properties: {
      service: PINNED,
      expression: template('Give what selects the case, such as "{{api_input.mode}}".'),
      cases: { type: 'object', additionalProperties: ref('step'), description: 'Give an object of one step per case.' },
      default: ref('step'),
    },
  },
  fork_join: {
    description: 'Runs its branches beside each other, then joins what they came to.',
    required: ['branches', 'join'],
    properties: {
      service: PINNED,
      branches: {
        type: 'object',
        minProperties: 1,
        additionalProperties: { if: { type: 'array' }, then: { minItems: 1, items: ref('step') }, else: ref('step') },
        description: 'Give an object of at least one branch: each a step, or an array of steps.',
      },
      join: {
        type: 'object',
        required: ['strategy'],
        properties: {
          strategy: {
            enum: ['merge', 'first', 'last', 'all'],
            description: 'Use "merge", "first" or "last" (as declared), or "all".',
          },
        },
        description: 'Give { "strategy": "merge" }, or "first", "last" or "all".',
      },
    },
  },
  wait: {
    description: 'Waits for a time, or until a moment.',
    if: { required: ['until'] },
    then: { properties: { duration_ms: { not: {}, description: 'Give either "duration_ms" or "until".' } } },
    else: { required: ['duration_ms'], properties: { duration_ms: DURATION } },
    properties: {
      service: PINNED,
      duration_ms: DURATION,
      until: {
        type: 'string',
        pattern: '\\{\\{|^\\d{4}-\\d{2}-\\d{2}[Tt]\\d{2}:\\d{2}:\\d{2}(?:\\.\\d{1,9})?(?:[Zz]|[+-]\\d{2}:\\d{2})$',
        description: 'Give an RFC 3339 moment such as "2030-01-31T09:00:00Z", or a reference to one.',
      },
    },
  },
} as const;

/** The types a step may have. */
export const STEP_KINDS: readonly string[] = Object.keys(STEP_TYPES);

const STEP = {
  type: 'object',
  required: ['step_id', 'type'],
  properties: {
    step_id: {
      type: 'string',
      pattern: '^[A-Za-z0-9_-]+$',
      description: 'Give an id of letters, digits, "_" and "-", unique in the whole cookbook.',
    },
    type: { enum: STEP_KINDS, description: `Use one of ${STEP_KINDS.join(', ')}.` },
    workspace_id: callerId("Give the workspace that this step's handler acts for: a text or a number."),
    retry: {
      ...ref('retry'),
      description: 'How tasks are tried again; on a group, each task within that says nothing else.',
    },
    timeout_ms: integer(1, 'Give milliseconds as a whole number, 1 or more; on a group, for each task within.'),
    ...refused(UNSUPPORTED.step),
  },
  allOf: STEP_KINDS.map((kind) => ({
    if: { required: ['type'], properties: { type: { const: kind } } },
    then: ref(kind),
  })),
  description: 'Give a step: an object with "step_id" and "type".',
};

const RETRY = {
  type: 'object',
  properties: {
    max_attempts: integer(1, 'Give the number of attempts, the first included: a whole number, 1 or more.'),
    delay_ms: integer(
      0,
      'Give the longest delay before the second attempt in milliseconds: a whole number. The delay is random, from 0 up to it.',
    ),
    backoff_multiplier: {
      type: 'number',
      minimum: 1,
      description: 'Give what each delay is multiplied by: 1 or more.',
    },
    max_delay_ms: integer(0, 'Give the longest delay before any attempt in milliseconds: a whole number.'),
  },
  description: 'Give an object with "max_attempts", "delay_ms", "backoff_multiplier" or "max_delay_ms".',
};

/**
 * JSON Schema (draft 2020-12) of a cookbook: the owner of its shapes. Published as `nest-orchestrator/cookbook.schema.json`,
 * so that an editor can complete and check a cookbook; its descriptions are also the advice that errors give. What one
 * step has to do with another (ids, references, limits) the validator checks.
 */
export const COOKBOOK_SCHEMA = {
  $schema: DIALECT,
  title: 'nest-orchestrator cookbook 2.1',
  type: 'object',
  required: ['version', 'steps'],
  properties: {
    $schema: { type: 'string', description: 'Where editors find the JSON Schema of cookbooks: a text.' },
    version: {
      type: 'string',
      pattern: '^2\\.[1-9]\\d*\\.\\d+$',
      description: 'Give the version of the format, "2.1.0".',
    },
    name: { type: 'string', minLength: 1, description: 'Give a text: runs are started by this name.' },
    description: { type: 'string', description: 'Give a text.' },
    metadata: { type: 'object', description: 'Give an object; what it holds is yours.' },
    api_input: { description: "The run's input: any JSON." },
    input_schema: { type: 'object', description: 'Give a JSON Schema (draft 2020-12) of the input, as an object.' },
    defaults: {
      type: 'object',
      properties: { workspace_id: callerId('Give the workspace of runs that name none: a text or a number.') },
      description: 'Give an object with "workspace_id".',
    },
    global_retry: {
      ...ref('retry'),
      description: 'How tasks are tried again, where neither they nor their groups say it.',
    },
    global_timeout_ms: integer(1, 'Give the longest life of a run in milliseconds: a whole number, 1 or more.'),
    steps: listOfSteps('Give an array of at least one step.'),
    delivery: {
      type: 'object',
      properties: {
        on_result: {
          type: 'string',
          minLength: 1,
          description: 'Give the id of the top-level step that is told how the delivery went.',
        },
      },
      description: 'Give an object; it is handed to whoever delivers the result.',
    },
    _system: { type: 'object', description: 'Written by the system: leave it out.' },
    ...refused(UNSUPPORTED.cookbook),
  },
  $defs: { step: STEP, retry: RETRY, ...STEP_TYPES },
  description: 'Give a cookbook: an object with "version" and "steps".',
};
