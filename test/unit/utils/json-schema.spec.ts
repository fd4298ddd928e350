import { describe, expect, it } from '@jest/globals';
import { InvalidSchemaError } from '../../../libs/orchestrator/src/errors/invalid-schema.error.js';
import { describe as show } from '../../../libs/orchestrator/src/utils/describe.js';
import { compileSchema, schemaProblems } from '../../../libs/orchestrator/src/utils/json-schema.js';
import { listProblems, pathTo } from '../../../libs/orchestrator/src/utils/problem.js';

const ORDER = {
  type: 'object',
  required: ['email', 'lines'],
  additionalProperties: false,
  properties: {
    email: { type: 'string', format: 'email', description: 'Give the address the receipt goes to.' },
    lines: { type: 'array', minItems: 1, items: { type: 'object', properties: { sku: { enum: ['a', 'b'] } } } },
    kind: { const: 'retail' },
    note: { type: ['string', 'null'] },
    place: { anyOf: [{ type: 'string' }, { type: 'object', required: ['city'] }] },
  },
};

describe('a compiled JSON Schema', () => {
  it('finds nothing wrong with a value that matches, and does not change it', () => {
    const value = Object.freeze({ email: 'ann@example.com', lines: Object.freeze([Object.freeze({ sku: 'a' })]) });
    expect(compileSchema(ORDER)(value)).toEqual([]);
  });

  it.each([
    [{ lines: [{}] }, 'email', 'is missing', 'nothing', 'Give the address the receipt goes to.'],
    [
      { email: 'nobody', lines: [{}] },
      'email',
      'must match format "email"',
      'a string',
      'Give the address the receipt goes to.',
    ],
    [{ email: 'a@b.cz' }, 'lines', 'is missing', 'nothing', 'Add "lines".'],
    [
      { email: 'a@b.cz', lines: [{ sku: 'c' }] },
      'lines[0].sku',
      'must be one of "a", "b"',
      'a string',
      'Give a value that the schema allows.',
    ],
    [
      { email: 'a@b.cz', lines: [{}], 'e mail': 1 },
      '["e mail"]',
      'is not allowed',
      'a number',
      'Remove "e mail". Did you mean "email"?',
    ],
    [
      { email: 'a@b.cz', lines: [{}], kind: 'x' },
      'kind',
      'must be "retail"',
      'a string',
      'Give a value that the schema allows.',
    ],
    [
      { email: 'a@b.cz', lines: [{}], note: 4 },
      'note',
      'must be of type string or null',
      'a number',
      'Give a value that the schema allows.',
    ],
    ['text', '', 'must be of type object', 'a string', 'Give a value that the schema allows.'],
  ])('says of %j where it is wrong, what is there and what to do', (value, path, message, found, fix) => {
    expect(compileSchema(ORDER)(value)).toEqual([{ path, message, found, fix }]);
  });

  it('reports every problem, and of alternatives only what each of them misses', () => {
    const problems = compileSchema(ORDER)({ email: 1, lines: [], place: {} });
    expect(problems.map(({ path, message }) => `${path} ${message}`)).toEqual([
      'email must be of type string',
      'lines must NOT have fewer than 1 items',
      'place must be of type string',
      'place.city is missing',
    ]);
  });

  it('says when several alternatives match where one must', () => {
    const check = compileSchema({ oneOf: [{ type: 'number' }, { minimum: 1 }] });
    expect(check(2)).toMatchObject([{ message: 'must match exactly one schema in oneOf' }]);
  });

  it('never tells a value, which may be a secret, unless asked to', () => {
    const schema = { properties: { pin: { maxLength: 2 } } };
    expect(JSON.stringify(compileSchema(schema)({ pin: '4711' }))).not.toContain('4711');
    expect(compileSchema(schema, { show })({ pin: '4711' })).toMatchObject([{ found: '"4711"' }]);
  });

  it('takes nothing for given that a value only inherits', () => {
    expect(compileSchema({ required: ['constructor'] })({})).toMatchObject([{ path: 'constructor' }]);
    expect(compileSchema({ properties: { toString: { type: 'string' } } })({})).toEqual([]);
  });

  it('stops at fifty problems', () => {
    const check = compileSchema({ items: { type: 'string' } });
    expect(check(Array.from({ length: 1_000 }, () => 0))).toHaveLength(50);
  });

  it('tells one problem of a large document, because gathering all would take minutes', () => {
    const schema = {
      $ref: '#/$defs/list',
      $defs: {
        list: { items: { $ref: '#/$defs/node' } },
        node: { required: ['x'], properties: { x: { $ref: '#/$defs/list' } } },
      },
    };
    expect(compileSchema(schema)(Array.from({ length: 4_999 }, () => ({})))).toHaveLength(50);
    expect(compileSchema(schema)(Array.from({ length: 100_000 }, () => ({})))).toMatchObject([{ path: '[0].x' }]);
    expect(compileSchema(schema, { atMost: 1 })([{}, {}])).toHaveLength(1);
  });

  it('compiles schemas that share an $id, which one Ajv would refuse', () => {
    const named = (type: string) => compileSchema({ $id: 'https://example.com/order', type });
    expect(named('string')('x')).toEqual([]);
    expect(named('number')('x')).toHaveLength(1);
  });
});

describe('what is no JSON Schema', () => {
  it.each([
    ['an unknown type', { type: 'strin' }, 'type'],
    ['properties that are a list', { properties: [] }, 'properties'],
    ['another draft', { $schema: 'http://json-schema.org/draft-07/schema#' }, '$schema'],
    ['an asynchronous schema, whose promise would pass for a yes', { $async: true, type: 'string' }, '$async'],
    ['a text', 'string', ''],
  ])('%s is refused with its place', (_, schema, path) => {
    expect(schemaProblems(schema)[0]).toMatchObject({ path });
    expect(() => compileSchema(schema as object)).toThrow(InvalidSchemaError);
  });

  it('is refused when it refers to what is not in it', () => {
    expect(() => compileSchema({ $ref: 'https://example.com/other.json' })).toThrow(
      /SCHEMA|does not compile.*other\.json/,
    );
  });

  it('is refused by its check when it refers to itself without an end, not when a value ends it', () => {
    expect(() => compileSchema({ $ref: '#' })(1)).toThrow(
      expect.objectContaining({ code: 'SCHEMA_INVALID', message: expect.stringContaining('itself without an end') }),
    );
    const list = compileSchema({ properties: { next: { $ref: '#' } }, required: ['id'] });
    expect(list({ id: 1, next: { id: 2, next: { id: 3 } } })).toEqual([]);
    expect(list({ id: 1, next: { next: { id: 3 } } })).toMatchObject([{ path: 'next.id', message: 'is missing' }]);
  });

  it('does not include keywords nobody knows: they are annotations', () => {
    expect(schemaProblems({ type: 'string', example: 'x', 'x-owner': 'me' })).toEqual([]);
  });
});

describe('paths and lists of problems', () => {
  it('quote keys that are no names, so that a dot in a key is not taken for a step down', () => {
    expect(['a', 'a.b', 2, '2', 'x-y'].reduce<string>(pathTo, 'root')).toBe('root.a["a.b"][2].2.x-y');
  });

  it('read as lines of an error message', () => {
    const problem = { message: 'must be of type object', found: 'null', fix: 'Give an object.' };
    expect(
      listProblems([
        { ...problem, path: '' },
        { ...problem, path: 'steps[0]' },
      ]),
    ).toBe(
      '\n  - it must be of type object (found null). Give an object.\n  - steps[0] must be of type object (found null). Give an object.',
    );
  });
});
