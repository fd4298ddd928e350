import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';

jest.setTimeout(60_000); // it reads the whole tree; a busy machine takes its time

const ENGINE = 'libs/orchestrator/src/engine/planted.ts';
const SPEC = 'test/unit/planted.spec.ts';

describe('lint', () => {
  let eslint: ESLint;

  beforeAll(() => {
    // The planted texts are no files of the project, so the rules that need types stay out.
    eslint = new ESLint({ overrideConfig: [tseslint.configs.disableTypeChecked] });
  });

  const rules = async (filePath: string, text: string): Promise<(string | null)[]> => {
    const [result] = await eslint.lintText(`${text}\n`, { filePath });
    return result?.messages.map(({ ruleId, message }) => ruleId ?? message) ?? [];
  };

  it.each([
    ['the time of day', 'export const now = (): number => Date.now();'],
    ['today', 'export const today = (): Date => new Date();'],
    ['chance', 'export const dice = (): number => Math.random();'],
    ['a timer', 'setTimeout(Date, 1);'],
    ['the environment', 'export const env = (): unknown => process.env;'],
  ])('keeps %s out of the engine', async (_, text) => {
    expect(await rules(ENGINE, text)).toContainEqual(expect.stringMatching(/^no-restricted-(syntax|globals)$/));
  });

  it('lets the engine compute with moments it is given', async () => {
    expect(await rules(ENGINE, 'export const iso = (at: number): string => new Date(at).toISOString();')).toEqual([]);
  });

  it.each([
    ['a test that is skipped', SPEC, "it.skip('later', () => undefined);", 'no-restricted-syntax'],
    ['a test that runs alone', SPEC, "describe.only('this', () => undefined);", 'no-restricted-syntax'],
    ['a mocked module', SPEC, "jest.mock('./clock.js');", 'no-restricted-syntax'],
    [
      'a DTO that is not validated',
      SPEC,
      "import type { OrderDto } from './a.js';\nexport type A = OrderDto;",
      'no-restricted-syntax',
    ],
    ['something left to do', SPEC, '// TODO: the rest', 'no-warning-comments'],
    ['any', SPEC, 'export const a: any = 1;', '@typescript-eslint/no-explicit-any'],
    [
      'a non-null assertion',
      SPEC,
      'export const a = (b?: string): string => b!;',
      '@typescript-eslint/no-non-null-assertion',
    ],
    ['a suppressed type error', SPEC, '// @ts-ignore\nexport const a = 1;', '@typescript-eslint/ban-ts-comment'],
  ])('refuses %s', async (_, file, text, rule) => {
    expect(await rules(file, text)).toContain(rule);
  });

  it('is not switched off by a comment', async () => {
    const found = await rules(SPEC, '/* eslint-disable */\nexport const a: any = 1;');
    expect(found).toEqual([expect.stringContaining('noInlineConfig'), '@typescript-eslint/no-explicit-any']);
  });
});
