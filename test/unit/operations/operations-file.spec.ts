import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ConfigurationError } from '../../../libs/orchestrator/src/errors/configuration.error.js';
import { type OperationsSource, readOperations } from '../../../libs/orchestrator/src/operations/operations-file.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'operations-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const ENTRIES = {
  'save-item': {
    description: 'Saves an item.',
    mutates: true,
    resource_type: 'item',
    resource_id: 'id',
    sensitive_input_fields: ['card_number'],
    input: { type: 'object' },
    cache: false,
  },
  'get-item': { reads: ['price', { resource: 'item', id: 'id', service: 'catalog' }], cache: { ttl: '1m' } },
  constructor: { mutates: false },
};
const TRAITS = {
  'save-item': {
    mutates: true,
    mutated: { resource: 'item', id: 'id' },
    sensitiveInputFields: ['card_number'],
    input: { type: 'object' },
    cache: false,
  },
  'get-item': {
    reads: [{ resource: 'price' }, { resource: 'item', id: 'id', service: 'catalog' }],
    cache: { ttl: '1m' },
  },
  constructor: { mutates: false },
};

function file(name: string, content: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

const refusal = async (source: unknown): Promise<string> => {
  const error: unknown = await readOperations(source as OperationsSource).catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(ConfigurationError);
  return (error as Error).message;
};

describe('the operations of a service', () => {
  it.each<[string, () => OperationsSource]>([
    ['a file', () => file('plain.json', ENTRIES)],
    ['a file with the key "operations"', () => file('nested.json', { version: '1', operations: ENTRIES })],
    ['a map', () => ENTRIES],
    ['a map with the key "operations"', () => ({ operations: ENTRIES })],
  ])('are read from %s', async (_, source) => {
    const { traits, lookup } = await readOperations(source());
    expect(Object.fromEntries(traits)).toEqual(TRAITS);
    expect(lookup).toBeUndefined();
  });

  it('may be none', async () => {
    expect((await readOperations()).traits.size).toBe(0);
    expect((await readOperations({ operations: {} })).traits.size).toBe(0);
  });

  it('may have one called "operations"', async () => {
    expect([...(await readOperations({ operations: { mutates: true } })).traits.keys()]).toEqual(['operations']);
  });

  it('take null for absent, as files of the original have it', async () => {
    const nothing = { mutates: null, resource_type: null, reads: null, sensitive_input_fields: null, input: null };
    expect((await readOperations({ echo: nothing })).traits.get('echo')).toEqual({});
  });

  it('are left to a function, which is kept for the steps', async () => {
    const lookup = (): undefined => undefined;
    expect(await readOperations(lookup)).toMatchObject({ lookup });
  });
});

describe('a mistake is told by file, operation and key, with what was found and the fix', () => {
  it.each<[string, unknown, string, string, string]>([
    ['a misspelt key', { mutate: true }, 'save.mutate', 'true', 'Remove "mutate".'],
    ['a cache that says nothing', { cache: true }, 'save.cache', 'true', 'Give false, or { "ttl"?'],
    ['another type', { mutates: 'yes' }, 'save.mutates', '"yes"', 'Give true or false.'],
    ['a list that is none', { reads: 'item' }, 'save.reads', '"item"', 'List resources: names, or'],
    [
      'a resource without a name',
      { reads: [{ id: 'id' }] },
      'save.reads[0].resource',
      'nothing',
      'Name the resource, a text.',
    ],
    [
      'a misspelt key of a resource',
      { reads: [{ resource: 'a', key: 'id' }] },
      'save.reads[0].key',
      '"id"',
      'Remove "key".',
    ],
    ['an id of no resource', { resource_id: 'id' }, 'save', 'an object', ''],
    [
      'a cache that is none',
      { cache: 'no' },
      'save.cache',
      '"no"',
      'Give false, or { "ttl"?: "5m", "vary"?: "person" | "workspace" | "tenant" | "none", "version"? }.',
    ],
  ])('%s', async (_, entry, key, found, fix) => {
    const path = file('mistakes.json', { save: entry });
    const [head, problem, hint] = (await refusal(path)).split('\n');
    expect(head).toBe(`${path} does not describe operations by name:`);
    expect(problem).toContain(`- ${key} `);
    expect(problem).toContain(`(found ${found}). ${fix}`);
    expect(hint).toContain('An operation may have: description, mutates, resource_type, resource_id, reads,');
  });

  it.each<[string, unknown]>([
    ['a list', []],
    ['a list in a file', [{ name: 'save' }]],
    ['an operation that is no object', { save: true }],
  ])('%s', async (_, content) => {
    expect(await refusal(content)).toContain('the operations option does not describe operations by name');
  });

  it('tells every mistake at once', async () => {
    const message = await refusal({ a: { mutates: 1 }, b: { sensitive_input_fields: [7] } });
    expect(message).toContain('a.mutates');
    expect(message).toContain('b.sensitive_input_fields[0]');
  });

  it('says where it looked for a file that is not there, and that it must be JSON', async () => {
    const missing = join(folder, 'missing.json');
    expect(await refusal(missing)).toContain(`It is looked for at ${missing}, relative to the working directory`);
    const broken = file('broken.json', '{ "save": ');
    expect(await refusal(broken)).toContain(`${JSON.stringify(broken)} cannot be read: `);
  });
});
