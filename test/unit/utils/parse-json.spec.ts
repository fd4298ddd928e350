import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseJson } from '../../../libs/orchestrator/src/utils/parse-json.js';

describe('a JSON text', () => {
  it('is read as JSON.parse reads it', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(parseJson(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it.each([
    ['{"a": x}', 'line 1, column 7: '],
    ['{\n  "a": 1,\n}', 'line 3, column 1: '],
    ['{"a" 1}', 'line 1, column 6: '],
    ['[1,\n2,,3]', 'line 2, column 3: '],
    ['[1, 2', 'line 1, column 6: '],
    ['{\n\n"a": "b', 'line 3, column 8: '],
    ['[tru]', 'line 1, column 5: '],
    ['// a comment\n{}', 'line 1, column 1: '],
    ['{} {}', 'line 1, column 4: '],
    ['', 'line 1, column 1: '],
  ])('that is none, %j, is refused with where it stops being one', (text, place) => {
    expect(() => parseJson(text)).toThrow(SyntaxError);
    expect(() => parseJson(text)).toThrow(place);
  });

  it('is refused where it was broken, wherever that is', () => {
    const list = Array.from({ length: 50 }, (_, index) => `  "item ${index}"`);
    fc.assert(
      fc.property(fc.nat({ max: 49 }), (line) => {
        const text = `[\n${list.map((item, index) => (index === line ? `  ?${item}` : item)).join(',\n')}\n]`;
        expect(() => parseJson(text)).toThrow(`line ${line + 2}, column 3: `);
      }),
    );
  });
});
