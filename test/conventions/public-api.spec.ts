import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it, jest } from '@jest/globals';
import ts from 'typescript';
import { sourceFiles } from '../support/source-files.js';

jest.setTimeout(60_000); // it reads the whole tree; a busy machine takes its time

interface Manifest {
  readonly exports: Readonly<Record<string, unknown>>;
  readonly typesVersions: { readonly '*': Readonly<Record<string, unknown>> };
}

const LIBRARY = 'libs/orchestrator/';
const BARREL = `${LIBRARY}src/index.ts`;
const manifest = JSON.parse(readFileSync(`${LIBRARY}package.json`, 'utf8')) as Manifest;
const { compilerOptions } = JSON.parse(readFileSync('tsconfig.json', 'utf8')) as {
  compilerOptions: { paths: Record<string, string[]> };
};

/** Code subpaths: `''` for the root, `testing` for `nest-orchestrator/testing`. */
const subpaths = Object.keys(manifest.exports)
  .filter((subpath) => !subpath.endsWith('.json'))
  .map((subpath) => subpath.replace(/^\.\/?/, ''));
const sources = Object.entries(compilerOptions.paths).map(([name, files]) => [name, files[0] ?? ''] as const);

const known = new Map<string, ReadonlyMap<string, boolean>>();

/** What a module exports, each with whether it is documented where it is declared. */
function exportsOf(file: string): ReadonlyMap<string, boolean> {
  const exported = known.get(file) ?? readExports(file);
  known.set(file, exported);
  return exported;
}

function readExports(file: string): ReadonlyMap<string, boolean> {
  const { options } = ts.parseJsonConfigFileContent({ compilerOptions }, ts.sys, resolve('.'));
  const program = ts.createProgram([file], { ...options, noEmit: true });
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(file);
  const module = source === undefined ? undefined : checker.getSymbolAtLocation(source);
  if (module === undefined) throw new Error(`${file} exports nothing.`);
  return new Map(
    checker.getExportsOfModule(module).map((symbol) => {
      const declared = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
      return [symbol.name, declared.getDocumentationComment(checker).length > 0] as const;
    }),
  );
}

const undocumented = (file: string): string[] =>
  [...exportsOf(file)].filter(([, documented]) => !documented).map(([name]) => `${name} has no TSDoc`);

/** What a barrel may not hold: it is a list of names, in blocks that each begin with a comment saying what they are for. */
function barrelFaults(text: string): string[] {
  const { statements } = ts.createSourceFile('index.ts', text, ts.ScriptTarget.Latest, true);
  const named = (statement: ts.Statement): boolean =>
    ts.isExportDeclaration(statement) &&
    statement.exportClause !== undefined &&
    ts.isNamedExports(statement.exportClause);
  return [
    ...statements
      .filter((statement) => !named(statement))
      .map((statement) => `only named exports: ${statement.getText()}`),
    ...text
      .split(/\n\s*\n/)
      .filter((block) => block.trim() !== '' && !/^\s*\/[/*]/.test(block))
      .map((block) => `a section without its comment: ${block.trim().split('\n')[0] ?? ''}`),
  ];
}

describe('the public API', () => {
  it.each(sources)('documents everything that %s exports', (_, file) => {
    expect(undocumented(file)).toEqual([]);
  });

  it.each(sources)('lists what %s exports by name, in commented sections', (_, file) => {
    expect(barrelFaults(readFileSync(file, 'utf8'))).toEqual([]);
  });

  it('holds every error class, so that users can tell them apart', () => {
    const classes = sourceFiles(`${LIBRARY}src/errors`).flatMap(({ text }) =>
      [...text.matchAll(/^export (?:abstract )?class (\w+)/gm)].map(([, name]) => name),
    );
    const exported = exportsOf(BARREL);
    expect(classes.filter((name) => name === undefined || !exported.has(name))).toEqual([]);
  });

  it('has for every subpath of the package its source, and its types for older module resolution', () => {
    const names = subpaths.map((subpath) => ['nest-orchestrator', subpath].filter((part) => part !== '').join('/'));
    expect(sources.map(([name]) => name).sort()).toEqual(names.sort());
    expect(sources.filter(([, file]) => !existsSync(file))).toEqual([]);
    expect(Object.keys(manifest.typesVersions['*']).sort()).toEqual(
      subpaths.filter((subpath) => subpath !== '').sort(),
    );
  });
});

describe('the checks of the public API', () => {
  const folder = mkdtempSync(join(tmpdir(), 'api-'));
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('see an export without TSDoc, through the barrel and whatever it is', () => {
    writeFileSync(
      join(folder, 'a.ts'),
      '/** Known. */\nexport class Known {}\nexport class Bare {}\nexport interface Shape {}\n',
    );
    writeFileSync(join(folder, 'index.ts'), "export { Known, Bare, type Shape } from './a.js';\n");
    expect(undocumented(join(folder, 'index.ts'))).toEqual(['Bare has no TSDoc', 'Shape has no TSDoc']);
  });

  it.each([
    ["// Errors\nexport * from './errors.js';", 'only named exports'],
    ["// Errors\nexport { A } from './a.js';\n\nexport { B } from './b.js';", 'a section without its comment'],
    ['// Values\nexport const a = 1;', 'only named exports'],
  ])('see a barrel that is no list of sections: %j', (text, fault) => {
    expect(barrelFaults(text).join('\n')).toContain(fault);
  });

  it('let a barrel pass that is one', () => {
    expect(barrelFaults("// Errors\nexport { A } from './a.js';\nexport type { B } from './b.js';\n")).toEqual([]);
  });
});
