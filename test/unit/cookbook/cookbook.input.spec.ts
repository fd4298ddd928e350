import { describe, expect, it } from '@jest/globals';
import { checkInput } from '../../../libs/orchestrator/src/cookbook/cookbook.input.js';
import { InvalidCookbookError } from '../../../libs/orchestrator/src/errors/invalid-cookbook.error.js';
import { InvalidInputError } from '../../../libs/orchestrator/src/errors/invalid-input.error.js';
import { book, parse, task } from '../../support/cookbook-documents.js';

const withSchema = (input_schema: object | undefined, name?: string) =>
  parse(book([task('a')], { input_schema, ...(name === undefined ? {} : { name }) }));

describe('the input of a run', () => {
  const order = withSchema(
    { required: ['id'], properties: { card: { type: 'string', pattern: '^[0-9]+$' } } },
    'order',
  );

  it('is accepted when it matches the schema, and when there is none', () => {
    expect(() => {
      checkInput(order, { id: 1, card: '4711' });
    }).not.toThrow();
    expect(() => {
      checkInput(withSchema(undefined), 'anything');
    }).not.toThrow();
  });

  it('is refused with every problem, and without its values: they may be secrets', () => {
    const check = () => {
      checkInput(order, { card: 'secret' });
    };
    expect(check).toThrow(InvalidInputError);
    expect(check).toThrow('The input of cookbook "order" does not match its schema:\n  - id is missing');
    expect(check).toThrow('  - card must match pattern "^[0-9]+$" (found a string).');
    expect(check).not.toThrow('secret');
  });

  it('is refused as invalid by whoever asks for a status', () => {
    expect(() => {
      checkInput(withSchema({ type: 'object' }), 1);
    }).toThrow(expect.objectContaining({ code: 'INPUT_INVALID', status: 400 }));
  });

  it('is told of no schema that refers to what is not in it: that is the cookbook’s fault', () => {
    const check = () => {
      checkInput(withSchema({ properties: { a: { $ref: '#/$defs/none' } } }, 'order'), {});
    };
    expect(check).toThrow(InvalidCookbookError);
    expect(check).toThrow(/Cookbook "order" is invalid:\n {2}- input_schema does not compile: .*#\/\$defs\/none/);
  });

  it.each([{ $ref: '#' }, { $dynamicRef: '#' }, { properties: { id: { $ref: '#/properties/id' } } }])(
    'does not exhaust the stack by a schema that refers to itself without an end: %j',
    (schema) => {
      const check = () => {
        checkInput(withSchema(schema, 'order'), { id: 1 });
      };
      expect(check).toThrow(InvalidCookbookError);
      expect(check).toThrow('Cookbook "order" is invalid:');
    },
  );

  it('is checked by each cookbook’s own schema, although two schemas have one $id', () => {
    const $id = 'https://example.com/input';
    const text = withSchema({ $id, type: 'string' });
    const number = withSchema({ $id, type: 'number' });
    expect(() => {
      checkInput(text, 'x');
    }).not.toThrow();
    expect(() => {
      checkInput(number, 'x');
    }).toThrow(InvalidInputError);
  });
});
