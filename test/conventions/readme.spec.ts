import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { codeBlocks, localLinks, npmScripts, section } from '../support/markdown.js';

const LIBRARY = 'libs/orchestrator/';
const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Readonly<Record<string, string>> };
const pages = [
  ...readdirSync('.').filter((file) => file.endsWith('.md')),
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`),
];

const unknownScripts = (markdown: string): string[] => npmScripts(markdown).filter((script) => !(script in scripts));
const brokenLinks = (page: string, markdown: string): string[] =>
  localLinks(markdown).filter((target) => !existsSync(join(dirname(page), target)));

describe('the documentation', () => {
  it.each(pages)('names only commands that exist: %s', (page) => {
    expect(unknownScripts(readFileSync(page, 'utf8'))).toEqual([]);
  });

  it.each(pages)('links only to what is there: %s', (page) => {
    expect(brokenLinks(page, readFileSync(page, 'utf8'))).toEqual([]);
  });

  it('is checked by rules that see a script or a link that is gone', () => {
    expect(unknownScripts('Run `npm run demolish`, then:\n```sh\nnpm run verify\nnpm test\n```')).toEqual(['demolish']);
    expect(brokenLinks('docs/a.md', '[a](nowhere.md#part) [b](../README.md) [c](https://example.com)')).toEqual([
      'nowhere.md',
    ]);
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
  it.each(['Thirty lines', 'What is promised', 'What is not promised'])('says the same under %j', (title) => {
    const [root, library] = ['README.md', `${LIBRARY}README.md`].map((file) =>
      section(readFileSync(file, 'utf8'), title),
    );
    expect(root).toContain('\n');
    expect(library).toBe(root);
  });

  it('comes with the same licence', () => {
    expect(readFileSync(`${LIBRARY}LICENSE`, 'utf8')).toBe(readFileSync('LICENSE', 'utf8'));
  });

  it('links to nothing that is not in the package', () => {
    expect(localLinks(readFileSync(`${LIBRARY}README.md`, 'utf8'))).toEqual([]);
  });
});

describe('CI', () => {
  const steps = readFileSync('.ci/run', 'utf8');

  it('runs verify and the test command of the README', () => {
    expect(npmScripts(steps)).toEqual(['verify', 'test']);
    expect(unknownScripts(steps)).toEqual([]);
  });
});
