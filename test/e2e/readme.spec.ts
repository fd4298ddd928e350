import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type Consumer, installPacked } from '../support/consumer.js';
import { codeBlocks } from '../support/markdown.js';
import { run, succeed } from '../support/shell.js';

jest.setTimeout(180_000); // it builds, packs, installs and compiles

const readme = readFileSync('README.md', 'utf8');
const [example = ''] = codeBlocks(readme, 'ts');
const [printed = ''] = codeBlocks(readme, 'text');

/** What the README's install command names beside the library itself. */
const packages = codeBlocks(readme, 'sh')
  .flatMap((block) => block.split('\n'))
  .filter((line) => line.startsWith('npm install '))
  .flatMap((line) => line.split(' ').slice(2))
  .filter((name) => name !== 'nest-orchestrator');

describe('the packed library, installed as the README says', () => {
  let consumer: Consumer;

  beforeAll(async () => {
    consumer = await installPacked(packages);
  });

  afterAll(() => {
    consumer.remove();
  });

  it('runs the example of the README, which prints what the README says', async () => {
    consumer.write('example.ts', example);
    await consumer.compile();
    const { code, stdout, stderr } = await run(consumer.folder, process.execPath, 'example.js');
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: printed, stderr: '' });
  });

  it('loads by import and by require alike', async () => {
    const names = "Object.keys(library).sort().join(' ')";
    const node = (...args: string[]): Promise<string> => succeed(consumer.folder, process.execPath, ...args);
    const imported = await node(
      '--input-type=module',
      '-e',
      `import * as library from 'nest-orchestrator'; console.log(${names})`,
    );
    const required = await node(
      '--input-type=commonjs',
      '-e',
      `const library = require('nest-orchestrator'); console.log(${names})`,
    );
    expect(imported).toContain('OrchestratorModule');
    expect(
      required
        .split(' ')
        .filter((name) => !/^(__esModule|module\.exports)$/.test(name))
        .join(' '),
    ).toBe(imported);
  });

  it('needed no optional peer for that', () => {
    expect(existsSync(join(consumer.folder, 'node_modules/@nestjs/common'))).toBe(true);
    expect(existsSync(join(consumer.folder, 'node_modules/@nestjs/testing'))).toBe(false);
  });

  it('loads its testing tools beside their peer, and resolves its schema', async () => {
    await consumer.add('@nestjs/testing');
    const loading = `import * as testing from 'nest-orchestrator/testing';
      import schema from 'nest-orchestrator/cookbook.schema.json' with { type: 'json' };
      console.log(Object.keys(testing).length > 0, schema.$schema);`;
    const printed = await succeed(
      consumer.folder,
      process.execPath,
      '--no-warnings',
      '--input-type=module',
      '-e',
      loading,
    );
    expect(printed).toBe('true https://json-schema.org/draft/2020-12/schema\n');
  });

  it('holds what users need, and nothing of the repository', () => {
    expect(consumer.packed).toEqual(
      expect.arrayContaining(['README.md', 'LICENSE', 'package.json', 'dist/index.js', 'dist/index.d.ts']),
    );
    expect(
      consumer.packed.filter(
        (path) => !/^dist\/|^(README\.md|LICENSE|package\.json|cookbook\.schema\.json)$/.test(path),
      ),
    ).toEqual([]);
    expect(consumer.packed.filter((path) => /\.(spec|test)\.|tsbuildinfo/.test(path))).toEqual([]);
  });
});
