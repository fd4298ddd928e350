import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type Consumer, installPacked } from '../support/consumer.js';
import { blocks, type CodeBlock, codeBlocks, section } from '../support/markdown.js';
import { type Finished, run, succeed } from '../support/shell.js';

jest.setTimeout(180_000); // it builds, packs, installs and compiles

const thirtyLines = section(readFileSync('README.md', 'utf8'), 'Thirty lines');
const guide = readFileSync('docs/guide.md', 'utf8');

/** The commands of a page's shell blocks, those that `&&` joins each for itself. */
const commandsOf = (markdown: string): string[][] =>
  codeBlocks(markdown, 'sh')
    .flatMap((block) => block.trim().split(/\n| && /))
    .map((command) => command.split(' '));
const isInstall = ([npm, install]: readonly string[]): boolean => npm === 'npm' && install === 'install';
/** The packages that a page installs, the library left out: that comes from the tarball. */
const packagesOf = (commands: readonly (readonly string[])[]): string[] =>
  commands
    .filter(isInstall)
    .flatMap((command) => command.slice(2))
    .filter((name) => name !== 'nest-orchestrator' && !name.startsWith('--'));

const commands = commandsOf(thirtyLines);
const at = (command: string): number => commands.findIndex((words) => words.join(' ') === command);
const tsconfig = JSON.parse(codeBlocks(thirtyLines, 'json')[0] ?? '') as { compilerOptions: object };

let consumer: Consumer;
const inFolder = ([command = '', ...args]: readonly string[]): Promise<Finished> =>
  run(consumer.folder, command, ...args);

beforeAll(async () => {
  consumer = await installPacked(packagesOf(commands));
});

afterAll(() => {
  consumer.remove();
});

describe('the packed library, installed as the README says', () => {
  it('runs the example of the README by its commands, and prints what it says', async () => {
    await succeed(consumer.folder, 'npm', 'pkg', 'delete', 'type'); // the README says how it is set
    consumer.write('tsconfig.json', JSON.stringify(tsconfig));
    consumer.write('main.ts', codeBlocks(thirtyLines, 'ts')[0] ?? '');
    const setUp = commands.filter((command) => !isInstall(command)).slice(0, -1);
    expect(at('npx tsc')).toBe(commands.length - 2);
    for (const command of setUp) expect({ command, ...(await inFolder(command)) }).toMatchObject({ code: 0 });
    expect(await inFolder(commands.at(-1) ?? [])).toEqual({
      code: 0,
      stdout: codeBlocks(thirtyLines, 'text')[0],
      stderr: '',
    });
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

  it.each(['@nestjs/testing', 'class-transformer'])('needs no %s for that', (name) => {
    expect(existsSync(join(consumer.folder, 'node_modules/@nestjs/common'))).toBe(true);
    expect(existsSync(join(consumer.folder, 'node_modules', name))).toBe(false);
  });

  it('resolves its schema', async () => {
    const loading = `import schema from 'nest-orchestrator/cookbook.schema.json' with { type: 'json' };
      console.log(schema.$schema);`;
    const args = ['--no-warnings', '--input-type=module', '-e', loading];
    const printed = await succeed(consumer.folder, process.execPath, ...args);
    expect(printed).toBe('https://json-schema.org/draft/2020-12/schema\n');
  });

  it('holds what users need, and nothing of the repository', () => {
    const wanted = [
      'README.md',
      'LICENSE',
      'package.json',
      'cookbook.schema.json',
      'docs/guide.md',
      'docs/errors.md',
      'docs/cache.md',
      'docs/guarantees.md',
      'docs/operations.md',
      'docs/redis.md',
      'docs/testing.md',
    ];
    expect(consumer.packed).toEqual(expect.arrayContaining([...wanted, 'dist/index.js', 'dist/index.d.ts']));
    expect(consumer.packed.filter((path) => !path.startsWith('dist/') && !wanted.includes(path))).toEqual([]);
    expect(consumer.packed.filter((path) => /\.(spec|test)\.|tsbuildinfo/.test(path))).toEqual([]);
  });
});

interface Example extends CodeBlock {
  readonly file: string;
  /** What stands in the text block that follows it. */
  readonly prints: string | undefined;
}

describe('the guide', () => {
  const all = blocks(guide);
  const examples = all.flatMap((block, index): Example[] => {
    if (block.language !== 'ts') return [];
    const file = /^\/\/ (\S+)\n/.exec(block.code)?.[1] ?? '';
    const next = all[index + 1];
    return [{ ...block, file, prints: next?.language === 'text' ? next.code : undefined }];
  });
  const printing = examples.filter(({ prints }) => prints !== undefined);
  const documents = codeBlocks(guide, 'json').map((code) => JSON.parse(code) as Readonly<Record<string, unknown>>);
  const js = (file: string): string => file.replace(/\.ts$/, '.js');

  beforeAll(async () => {
    await consumer.add(...packagesOf(commandsOf(guide)));
    const compilerOptions = { ...tsconfig.compilerOptions, types: ['node'], exactOptionalPropertyTypes: true };
    consumer.write('tsconfig.json', JSON.stringify({ compilerOptions }));
    for (const { file, code } of examples) consumer.write(file, code);
    mkdirSync(join(consumer.folder, 'cookbooks'));
    for (const document of documents.filter((each) => 'version' in each)) {
      consumer.write(`cookbooks/${String(document['name'])}.json`, JSON.stringify(document));
    }
    await consumer.compile();
  });

  it('names the file of every example', () => {
    expect(examples.map(({ file }) => file)).not.toContain('');
    expect(printing.length).toBeGreaterThan(3);
  });

  it.each(printing.map(({ file, prints }) => [file, prints]))('says what %s prints', async (file = '', prints) => {
    expect(await inFolder(['node', js(file)])).toEqual({ code: 0, stdout: prints, stderr: '' });
  });

  it('shows tests that pass', async () => {
    const tests = examples.filter(({ file }) => file.endsWith('.test.ts'));
    expect(tests.length).toBeGreaterThan(0);
    const names = tests.map(({ file }) => js(file));
    const { code, stdout } = await inFolder(['node', '--test', '--test-reporter=tap', ...names]);
    const written = tests.flatMap(({ code: text }) => text.match(/^test\(/gm) ?? []);
    expect(stdout).toContain(`# pass ${written.length}\n`);
    expect(code).toBe(0);
  });

  it('shows the output of every step', async () => {
    const [input, ...shown] = codeBlocks(section(guide, 'Steps'), 'json').map((code) => JSON.parse(code) as unknown);
    const steps = shown.filter((_, index) => index % 2 === 0);
    const outputs = shown.filter((_, index) => index % 2 === 1);
    expect(steps.length).toBeGreaterThan(0);
    consumer.write('steps.json', JSON.stringify({ input, steps }));
    consumer.write(
      'steps.js',
      `import 'reflect-metadata';
      import { readFileSync } from 'node:fs';
      import { bootServices } from 'nest-orchestrator/testing';
      import { ShopModule } from './shop.js';
      const { input, steps } = JSON.parse(readFileSync('steps.json', 'utf8'));
      const outputs = [];
      for (const step of steps) {
        const services = await bootServices({ imports: [ShopModule] });
        const { output } = await services.run('shop', { version: '2.1.0', steps: [step] }, { input });
        outputs.push(output);
        await services.close();
      }
      console.log(JSON.stringify(outputs));`,
    );
    const { stdout, stderr } = await inFolder(['node', 'steps.js']);
    expect({ outputs: JSON.parse(stdout || 'null') as unknown, stderr }).toEqual({ outputs, stderr: '' });
  });
});
