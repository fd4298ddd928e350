import { ConfigurationError } from '../errors/configuration.error.js';
import { describe } from '../utils/describe.js';
import { compileSchema } from '../utils/json-schema.js';
import { listProblems } from '../utils/problem.js';

// What decorators and `operations.json` may say alike.

const NAME = { type: 'string', minLength: 1 };
const ID = { ...NAME, description: 'Name the input field that says which instance, or leave the id out: then any.' };

export const READS = {
  description: 'List resources: names, or { "resource", "id"?, "service"? }.',
  items: {
    type: ['string', 'object'],
    description: 'Give the resource as a text; beside it { "id"?, "service"? }.',
    minLength: 1,
    required: ['resource'],
    properties: { resource: { ...NAME, description: 'Name the resource, a text.' }, id: ID, service: NAME },
    additionalProperties: false,
  },
};
export const SENSITIVE = { description: 'List top-level fields of the input.', items: { type: 'string' } };
export const CACHE = {
  description: 'Give false, or { "ttl"?: "5m", "vary"?: "person" | "workspace" | "tenant" | "none", "version"? }.',
  not: { const: true },
  properties: {
    ttl: { type: ['string', 'number'] },
    vary: { enum: ['person', 'workspace', 'tenant', 'none'], description: 'Give one of them: who shares an answer.' },
    version: { type: ['string', 'number'] },
  },
  additionalProperties: false,
};

/** Schemas of an input and an output are looked at where they are compiled. */
const check = compileSchema(
  {
    type: 'object',
    description: 'Give an object of input, output, cache.',
    properties: {
      mutates: { type: 'boolean' },
      mutated: {
        type: 'object',
        description: 'Give the resource as a text; beside it { "id"? }.',
        required: ['resource'],
        properties: {
          resource: {
            ...NAME,
            description:
              'Name one resource, a text, or none: then anything of the service. Others are changed within stepCache.mutation().',
          },
          id: ID,
          service: { not: {}, description: 'A handler changes what its own service owns: leave the service out.' },
        },
        additionalProperties: false,
      },
      reads: { type: 'array', ...READS },
      sensitiveInputFields: { type: 'array', ...SENSITIVE },
      input: {},
      output: {},
      cache: { type: ['boolean', 'object'], ...CACHE, properties: { ...CACHE.properties, key: {} } },
    },
    additionalProperties: false,
  },
  { show: describe },
);

/**
 * @param place `@Mutates on OrdersController.change`
 * @throws ConfigurationError for each mistake naming the trait, what was found and the fix
 */
export function checkTraits(place: string, traits: unknown): void {
  const problems = check(traits);
  if (problems.length > 0) throw new ConfigurationError(`${place} cannot be meant:${listProblems(problems)}`);
}
