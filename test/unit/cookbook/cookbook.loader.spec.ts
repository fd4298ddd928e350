import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { loadCookbooks } from '../../../libs/orchestrator/src/cookbook/cookbook.loader.js';
import { ConfigurationError } from '../../../libs/orchestrator/src/errors/configuration.error.js';
import { DEFAULT_LIMITS } from '../../../libs/orchestrator/src/message/limits.js';
import { book, task } from '../../support/cookbook-documents.js';

const load = (source: string | readonly unknown[]) =>
  loadCookbooks(source, { limits: DEFAULT_LIMITS, references: 'strict' });

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cookbooks-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});
const write = (name: string, content: unknown) => {
  writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
};

describe('a folder of cookbooks', () => {
  it('is loaded by name; a cookbook without one is named after its file', () => {
    write('a.json', book([task('one')], { name: 'first' }));
    write('second.json', book([task('two')]));
    write('notes.md', 'no cookbook');
    expect([...load(folder)]).toEqual([
      ['first', expect.objectContaining({ name: 'first' })],
      ['second', expect.objectContaining({ name: 'second' })],
    ]);
  });

  it('may be empty', () => {
    expect(load(folder).size).toBe(0);
  });

  it('that is not there is an error with where it was looked for', () => {
    expect(() => load('no/such/folder')).toThrow(ConfigurationError);
    expect(() => load('no/such/folder')).toThrow(
      `cookbooks: "no/such/folder" (${join(process.cwd(), 'no/such/folder')})`,
    );
  });

  it('with a text that is no JSON is an error with file, line and column', () => {
    write('broken.json', '{\n  "version": "2.1.0",\n  "steps": oops\n}');
    expect(() => load(folder)).toThrow(ConfigurationError);
    expect(() => load(folder)).toThrow(`${join(folder, 'broken.json')} cannot be read: line 3, column 12: `);
  });

  it('with something unreadable in a file’s place is an error with its name', () => {
    mkdirSync(join(folder, 'folder.json'));
    expect(() => load(folder)).toThrow(`${join(folder, 'folder.json')} cannot be read: `);
  });

  it('with an invalid cookbook is an error with the file and every problem', () => {
    write(
      'order.json',
      book([
        { step_id: 'a', type: 'wiat' },
        { type: 'wait', duration_ms: 1 },
      ]),
    );
    expect(() => load(folder)).toThrow(`${join(folder, 'order.json')}: Cookbook is invalid:\n  - steps[0].type`);
    expect(() => load(folder)).toThrow('  - steps[1].step_id is missing');
  });

  it('with an input schema that cannot be compiled is an error at boot, not at the first run', () => {
    write('order.json', book([task('a')], { input_schema: { $ref: 'elsewhere.json' } }));
    expect(() => load(folder)).toThrow(/order\.json: Cookbook is invalid:\n {2}- input_schema does not compile/);
  });

  it('with one name twice is an error with both files', () => {
    write('a.json', book([task('one')], { name: 'b' }));
    write('b.json', book([task('two')]));
    expect(() => load(folder)).toThrow(`${join(folder, 'b.json')} and ${join(folder, 'a.json')} are both named "b".`);
  });
});

describe('a list of cookbooks', () => {
  it('is loaded by name', () => {
    expect([...load([book([task('a')], { name: 'x' }), book([task('a')], { name: '__proto__' })]).keys()]).toEqual([
      'x',
      '__proto__',
    ]);
  });

  it.each([
    ['one without a name', [book([task('a')])], 'cookbooks[0] has no name. Give it one'],
    [
      'one name twice',
      [book([task('a')], { name: 'x' }), book([task('b')], { name: 'x' })],
      'cookbooks[1] and cookbooks[0] are both named "x".',
    ],
    ['what is no cookbook', [book([task('a')], { name: 'x' }), null], 'cookbooks[1]: Cookbook is invalid:'],
  ])('is refused with its place: %s', (_, documents, message) => {
    expect(() => load(documents)).toThrow(ConfigurationError);
    expect(() => load(documents)).toThrow(message);
  });
});
