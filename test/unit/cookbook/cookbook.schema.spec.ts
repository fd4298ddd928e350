import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { COOKBOOK_SCHEMA, STEP_KINDS } from '../../../libs/orchestrator/src/cookbook/cookbook.schema.js';

const PACKAGE = 'libs/orchestrator/';

describe('the JSON Schema of cookbooks', () => {
  it('is published as the library has it (after a change: npm run schema)', () => {
    const manifest = JSON.parse(readFileSync(`${PACKAGE}package.json`, 'utf8')) as {
      readonly exports: Readonly<Record<string, string>>;
      readonly files: readonly string[];
    };
    const file = manifest.exports['./cookbook.schema.json'] ?? '';
    expect(manifest.files).toContain(file.replace('./', ''));
    expect(JSON.parse(readFileSync(`${PACKAGE}${file}`, 'utf8'))).toEqual(COOKBOOK_SCHEMA);
  });

  it('holds no keyword that the standard does not know: a misspelt one would check nothing', () => {
    expect(() =>
      new Ajv2020({ strict: true, strictRequired: false, strictTypes: false, allowUnionTypes: true }).compile(
        COOKBOOK_SCHEMA,
      ),
    ).not.toThrow();
  });

  it('gives advice on every key that it knows', () => {
    const keys = (schema: object, path: string): string[] =>
      Object.entries('properties' in schema ? (schema.properties as Record<string, object>) : {}).flatMap(
        ([name, one]) => [
          ...('description' in one || '$ref' in one || 'const' in one ? [] : [`${path}.${name}`]),
          ...keys(one, `${path}.${name}`),
        ],
      );
    const { $defs, ...root } = COOKBOOK_SCHEMA;
    const silent = [['cookbook', root] as const, ...Object.entries($defs)].flatMap(([name, one]) => keys(one, name));
    expect(silent).toEqual([]);
  });

  it('knows the step types of the library', () => {
    expect(STEP_KINDS).toEqual(['task', 'steps', 'foreach', 'switch', 'fork_join', 'wait']);
  });
});
