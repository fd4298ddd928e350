import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { mergeTraits } from '../../libs/orchestrator/src/operations/operation.traits.js';
import { type OperationEntries, readOperations } from '../../libs/orchestrator/src/operations/operations-file.js';
import { schemaBracket } from '../../libs/orchestrator/src/operations/schema-bracket.js';
import { compile } from '../../libs/orchestrator/src/references/template.js';
import { settingsOf } from '../../libs/orchestrator/src/orchestrator.options.js';
import { toMilliseconds } from '../../libs/orchestrator/src/utils/duration.js';
import { sourceFiles } from '../support/source-files.js';
import {
  anchors,
  codeBlocks,
  codeSpans,
  localLinks,
  npmScripts,
  ownAnchors,
  section,
  tableRows,
} from '../support/markdown.js';

const LIBRARY = 'libs/orchestrator/';
const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Readonly<Record<string, string>> };
const pages = [
  ...readdirSync('.').filter((file) => file.endsWith('.md')),
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`),
];

const unknownScripts = (markdown: string): string[] => npmScripts(markdown).filter((script) => !(script in scripts));
const brokenLinks = (page: string, markdown: string): string[] => {
  const headings = anchors(markdown);
  return [
    ...localLinks(markdown).filter((target) => !existsSync(join(dirname(page), target))),
    ...ownAnchors(markdown).filter((anchor) => !headings.includes(anchor)),
  ];
};

describe('the documentation', () => {
  it.each(pages)('names only commands that exist: %s', (page) => {
    expect(unknownScripts(readFileSync(page, 'utf8'))).toEqual([]);
  });

  it.each(pages)('links only to what is there: %s', (page) => {
    expect(brokenLinks(page, readFileSync(page, 'utf8'))).toEqual([]);
  });

  it('is checked by rules that see a script or a link that is gone', () => {
    expect(unknownScripts('Run `npm run demolish`, then:\n```sh\nnpm run verify\nnpm test\n```')).toEqual(['demolish']);
    const links = '# A part\n[a](nowhere.md#part) [b](../README.md) [c](https://example.com) [d](#a-part) [e](#apart)';
    expect(brokenLinks('docs/a.md', links)).toEqual(['nowhere.md', 'apart']);
  });
});

describe('README.md', () => {
  const readme = readFileSync('README.md', 'utf8');

  it('shows in at most thirty lines how to start, and what that prints', () => {
    const [example = ''] = codeBlocks(readme, 'ts');
    const lines = example.split('\n').filter((line) => line.trim() !== '');
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.length).toBeLessThanOrEqual(30);
    expect(codeBlocks(readme, 'text')[0]).toMatch(/\S/);
  });

  it('names the demo and the test command', () => {
    expect(npmScripts(readme)).toEqual(expect.arrayContaining(['demo', 'test']));
  });
});

describe("the package's README.md", () => {
  it.each(['Thirty lines', 'Several processes', 'What is promised', 'What is not promised'])(
    'says the same under %j',
    (title) => {
      const [root, library] = ['README.md', `${LIBRARY}README.md`].map((file) =>
        section(readFileSync(file, 'utf8'), title),
      );
      expect(root).toContain('\n');
      expect(library).toBe(root);
    },
  );

  it('comes with the same licence', () => {
    expect(readFileSync(`${LIBRARY}LICENSE`, 'utf8')).toBe(readFileSync('LICENSE', 'utf8'));
  });

  it.each([`${LIBRARY}README.md`, 'docs/guide.md', 'docs/errors.md'])(
    'ships no link out of the package: %s',
    (page) => {
      expect(localLinks(readFileSync(page, 'utf8'))).toEqual([]);
    },
  );
});

describe('docs/guarantees.md', () => {
  const specs = readdirSync('test', { recursive: true, encoding: 'utf8' }).map((file) => file.split('/').at(-1));
  const missing = (page: string): string[] =>
    codeSpans(page).filter((name) => name.endsWith('.spec') && !specs.includes(`${name}.ts`));

  it('names tests that are there, at every promise', () => {
    const page = readFileSync('docs/guarantees.md', 'utf8');
    expect(missing(page)).toEqual([]);
    expect(missing('a `gone.spec` and a `parts.spec`')).toEqual(['gone.spec']);
  });
});

describe('docs/guide.md', () => {
  const guide = readFileSync('docs/guide.md', 'utf8');
  /** The names in this column of every table that begins with this title. */
  const named = (title: string, column = 0): string[] =>
    tableRows(guide, title)
      .flatMap((row) => codeSpans(row[column] ?? ''))
      .map((name) => name.replace(/\(.*/, ''))
      .sort();
  const sources = sourceFiles(`${LIBRARY}src`).map(({ text }) => text);
  /** The members that an interface of the library declares. */
  const members = (name: string): string[] => {
    const declaration = new RegExp(`^export interface ${name}\\b[^{]*\\{\\n(.*?)^\\}`, 'ms');
    const body = sources.map((text) => declaration.exec(text)?.[1]).find((found) => found !== undefined) ?? '';
    return [...body.matchAll(/^ {2}(?:readonly )?(\w+)(?:\??:|[(<])/gm)].map(([, member = '']) => member).sort();
  };

  it.each([
    ['option', 0, 'OrchestratorModuleOptions'],
    ['limit', 0, 'Limits'],
    ['key of `retry`', 0, 'RetryRule'],
    ['key of `retry`', 1, 'RetryOptions'],
    ['key of a cookbook', 0, 'Cookbook'],
    ['key of an operation', 0, 'OperationEntry'],
    ['field', 0, 'OperationContext'],
    ['option of `start`', 0, 'StartOptions'],
    ['member', 0, 'BootedServices'],
  ])('tells under %j, column %i, of every member of %s, and of no other', (title, column, name) => {
    const wanted = members(name);
    expect(wanted.length).toBeGreaterThan(3);
    expect(named(title, column)).toEqual(wanted);
  });

  it('names every field of an event', () => {
    const [, told = ''] = /An event holds ([^;]*);/.exec(guide) ?? [];
    expect(codeSpans(told).sort()).toEqual(members('WorkflowEvent'));
  });

  it('shows an operations.json that can be read, with every key', async () => {
    const [text = ''] = codeBlocks(section(guide, 'Operations'), 'json');
    const document = JSON.parse(text) as OperationEntries;
    const { place, traits } = await readOperations(document);
    for (const [name, said] of traits) schemaBracket(name, mergeTraits(name, [{ place, traits: said }]));
    const keys = new Set(Object.values(document).flatMap((entry) => Object.keys(entry)));
    expect([...keys].sort()).toEqual(members('OperationEntry'));
  });

  it('shows references that can be read', () => {
    const references = tableRows(guide, 'reference').flatMap(([cell = '']) => codeSpans(cell));
    const kinds = references.map((reference) =>
      compile(reference).placeholders.map(({ expression }) => expression.kind),
    );
    expect(references.length).toBeGreaterThan(10);
    expect(kinds.flat()).toHaveLength(references.length);
    expect(kinds.flat()).not.toContain('malformed');
  });

  it('names the defaults of the limits', () => {
    const told = tableRows(guide, 'limit').map(([limit = '', value = '']) => [
      codeSpans(limit)[0],
      value.endsWith('d') ? toMilliseconds(value) : Number(value.replaceAll(',', '')),
    ]);
    expect(Object.fromEntries(told)).toEqual(settingsOf('shop').limits);
  });

  it('names the defaults of retries', () => {
    const told = tableRows(guide, 'key of `retry`').map(([, option = '', value]) => [
      codeSpans(option)[0],
      Number(value),
    ]);
    expect(Object.fromEntries(told)).toEqual(settingsOf('shop').retry);
  });

  it('names the defaults of durations and texts', () => {
    const told = new Map(tableRows(guide, 'option').map(([option = '', value = '']) => [codeSpans(option)[0], value]));
    const duration = (option: string): number | undefined =>
      toMilliseconds(/'(\w+)'/.exec(told.get(option) ?? '')?.[1]);
    const { timeout, unroutableFor, shutdownGrace, namespace, references } = settingsOf('shop');
    expect(['timeout', 'unroutable', 'shutdownGrace'].map(duration)).toEqual([timeout, unroutableFor, shutdownGrace]);
    expect(['namespace', 'references'].map((option) => told.get(option))).toEqual([
      `\`'${namespace}'\``,
      `\`'${references}'\``,
    ]);
  });
});

describe('CI', () => {
  const steps = readFileSync('.ci/run', 'utf8');

  it('runs the test command of the README, and what verify has beside its unit layer', () => {
    expect(npmScripts(steps)).toEqual(['verify', 'check', 'test']);
    expect(npmScripts(scripts['verify'] ?? '').filter((script) => script !== 'test:unit')).toEqual(['check']);
    expect(scripts['test']).not.toMatch(/selectProjects|ignoreProjects|testPath/); // every layer
    expect(unknownScripts(steps)).toEqual([]);
  });
});
