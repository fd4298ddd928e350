import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parseCookbook } from '../../../libs/orchestrator/src/cookbook/cookbook.parser.js';
import { DEFAULT_LIMITS } from '../../../libs/orchestrator/src/message/limits.js';
import { SCENARIOS } from '../../../src/demo/scenarios.js';

const FOLDER = 'src/cookbooks';
const files = readdirSync(FOLDER);
const cookbooks = files.map(
  (file) => JSON.parse(readFileSync(`${FOLDER}/${file}`, 'utf8')) as { readonly name: string; readonly steps: unknown },
);

/** Every value under `key`, at any depth. */
function valuesOf(key: string, node: unknown): unknown[] {
  if (typeof node !== 'object' || node === null) return [];
  const own = Object.entries(node).flatMap(([name, value]) => (name === key ? [value as unknown] : []));
  return [...own, ...Object.values(node).flatMap((value: unknown) => valuesOf(key, value))];
}

describe('the cookbooks of the example', () => {
  it.each(cookbooks.map((document) => [document.name, document] as const))(
    '%s is valid, strict references too',
    (_, document) => {
      const cookbook = parseCookbook(document, { limits: DEFAULT_LIMITS, references: 'strict' });
      expect(cookbook.description).toMatch(/\.$/);
      expect(cookbook.input_schema).toBeDefined();
    },
  );

  it('are named as their files, and the demo runs each of them', () => {
    expect(files).toEqual(cookbooks.map(({ name }) => `${name}.json`));
    const run = new Set(SCENARIOS.map(({ cookbook }) => cookbook));
    expect([...run].sort()).toEqual(cookbooks.map(({ name }) => name).sort());
  });

  it('use every step type and every join strategy', () => {
    expect([...new Set(cookbooks.flatMap(({ steps }) => valuesOf('type', steps)))].sort()).toEqual([
      'foreach',
      'fork_join',
      'steps',
      'switch',
      'task',
      'wait',
    ]);
    expect([...new Set(valuesOf('strategy', cookbooks))].sort()).toEqual(['all', 'first', 'last', 'merge']);
  });
});
