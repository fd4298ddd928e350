import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { definitionOf, nameOf, sameDefinition } from '../../../libs/orchestrator/src/cookbook/definition.js';
import type { JsonObject } from '../../../libs/orchestrator/src/message/workflow-message.js';

const json = (text: string) => JSON.parse(text) as JsonObject;

const DEFINITION = {
  version: '2.1.0',
  name: 'order',
  steps: [
    { step_id: 'a', type: 'task', service: 's', operation: 'o', input: { x: [1, { y: null }] } },
    {
      step_id: 'f',
      type: 'fork_join',
      branches: {
        l: { step_id: 'b', type: 'wait', duration_ms: 1 },
        r: { step_id: 'c', type: 'wait', duration_ms: 1 },
      },
      join: { strategy: 'first' },
    },
  ],
};
const [first, fork] = DEFINITION.steps;

/** The same cookbook in the middle of a run. */
const RUNNING = {
  _system: { tenant_id: 't' },
  _pointer: { next: 'f' },
  api_input: { n: 1 },
  ...DEFINITION,
  steps: [{ ...first, output: { ok: true }, _execution: { status: 'completed' } }, fork],
};

describe('the definition of a cookbook', () => {
  it('is the document without its input and what the run added', () => {
    expect(definitionOf(RUNNING)).toEqual(DEFINITION);
  });

  it('keeps what only looks like it, deeper down', () => {
    const nested = { step_id: 'g', steps: [{ step_id: 'h', output: 1, _execution: 2 }], input: { api_input: 3 } };
    expect(definitionOf({ steps: [nested] })).toEqual({ steps: [nested] });
  });

  it.each([[{}], [{ steps: null }], [{ steps: { a: { output: 1 } } }], [{ steps: [null, 4, ['x']] }]])(
    'is the document itself where it holds no steps: %j',
    (document) => {
      expect(definitionOf(document)).toEqual(document);
    },
  );
});

describe('two documents', () => {
  it('define the same cookbook whatever their runs came to', () => {
    expect(sameDefinition(DEFINITION, RUNNING)).toBe(true);
    expect(sameDefinition(RUNNING, DEFINITION)).toBe(true);
    expect(sameDefinition(RUNNING, { ...RUNNING, api_input: 2, _pointer: null })).toBe(true);
  });

  it('define the same cookbook in whatever order their keys are', () => {
    const { steps, ...rest } = DEFINITION;
    expect(sameDefinition(DEFINITION, { steps, ...rest })).toBe(true);
  });

  it.each([
    ['in a value, deep down', { ...DEFINITION, steps: [{ ...first, input: { x: [1, { y: 0 }] } }, fork] }],
    ['in the kind of a value', { ...DEFINITION, steps: [{ ...first, input: { x: { 0: 1, 1: { y: null } } } }, fork] }],
    ['in the length of a list', { ...DEFINITION, steps: [{ ...first, input: { x: [1] } }, fork] }],
    ['in the number of steps', { ...DEFINITION, steps: [first] }],
    ['in the order of steps', { ...DEFINITION, steps: [fork, first] }],
    ['in a key more', { ...DEFINITION, description: 'x' }],
    ['in a step that is none', { ...DEFINITION, steps: [first, null] }],
    ['in steps that are no list', { ...DEFINITION, steps: { 0: first, 1: fork } }],
    ['in a key that one of them inherits', { ...DEFINITION, toString: 'x' }],
  ])('differ %s', (_, other) => {
    expect(sameDefinition(DEFINITION, other)).toBe(false);
    expect(sameDefinition(other, DEFINITION)).toBe(false);
  });

  it('differ in the order of branches, which a join by "first" or "merge" follows', () => {
    const { l, r } = { l: 1, r: 2, ...fork?.branches };
    const turned = { ...DEFINITION, steps: [first, { ...fork, branches: { r, l } }] };
    expect(sameDefinition(DEFINITION, turned)).toBe(false);
  });

  it('differ in a key named __proto__', () => {
    expect(sameDefinition(json('{"steps":[],"__proto__":{"a":1}}'), json('{"steps":[],"__proto__":{"a":2}}'))).toBe(
      false,
    );
    expect(sameDefinition(json('{"steps":[],"__proto__":{}}'), json('{"steps":[]}'))).toBe(false);
  });

  it('agree exactly when their definitions are equal as JSON', () => {
    const value = fc.jsonValue({ maxDepth: 2 });
    const small = fc.dictionary(fc.constantFrom('a', 'b', 'output', 'api_input'), fc.oneof(value, fc.boolean()), {
      maxKeys: 3,
    });
    const document = fc.record({ steps: fc.array(small, { maxLength: 2 }), api_input: value, name: fc.boolean() });
    fc.assert(
      fc.property(document, document, (a, b) => {
        const plain = (one: object) => JSON.parse(JSON.stringify(definitionOf(one as JsonObject))) as unknown;
        expect(sameDefinition(a, b)).toBe(equal(plain(a), plain(b)));
        expect(sameDefinition(a, { ...structuredClone(a), api_input: b.api_input })).toBe(true);
      }),
    );
  });
});

/** Written apart from what it checks: sorted JSON. */
function equal(a: unknown, b: unknown): boolean {
  return sorted(a) === sorted(b);
}

function sorted(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sorted).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}:${sorted(one)}`);
  return `{${members.sort().join()}}`;
}

describe('the name of a cookbook', () => {
  it.each([
    [{ name: 'order' }, 'order'],
    [{ name: '' }, undefined],
    [{ name: 4 }, undefined],
    [{}, undefined],
  ])('of %j is %j', (document, name) => {
    expect(nameOf(document)).toBe(name);
  });
});
