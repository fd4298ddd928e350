import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { type SourceFile, sourceFiles } from '../support/source-files.js';

interface ErrorClass {
  readonly name: string;
  readonly code: string;
  readonly file: string;
}

const ERRORS = 'libs/orchestrator/src/errors/';

/** The classes that extend the library's base error, however far, with the literal of their `code`; `''`: none. */
function errorClasses(files: readonly SourceFile[]): ErrorClass[] {
  const classes = files.flatMap(({ path, text }) =>
    ts
      .createSourceFile(path, text, ts.ScriptTarget.Latest, true)
      .statements.filter(ts.isClassDeclaration)
      .map((declaration) => ({ path, declaration, name: declaration.name?.text ?? '' })),
  );
  const family = new Set(['OrchestratorError']);
  for (let known = 0; known < family.size;) {
    known = family.size;
    for (const { declaration, name } of classes) if (family.has(parentOf(declaration))) family.add(name);
  }
  return classes
    .filter(({ declaration }) => family.has(parentOf(declaration)))
    .map(({ path, declaration, name }) => ({ name, code: codeOf(declaration), file: path }));
}

function parentOf({ heritageClauses = ts.factory.createNodeArray() }: ts.ClassDeclaration): string {
  const parent = heritageClauses.find(({ token }) => token === ts.SyntaxKind.ExtendsKeyword)?.types[0];
  return parent?.expression.getText() ?? '';
}

function codeOf(declaration: ts.ClassDeclaration): string {
  const property = declaration.members
    .filter(ts.isPropertyDeclaration)
    .find(({ name }) => ts.isIdentifier(name) && name.text === 'code');
  return property?.initializer !== undefined && ts.isStringLiteral(property.initializer)
    ? property.initializer.text
    : '';
}

/** Rows of the page's table: code, class, when, what to do. */
function rows(page: string): string[][] {
  return page
    .split('\n')
    .filter((line) => /^\| `[^`]*` /.test(line))
    .map((line) =>
      line
        .replaceAll('\\|', '¦')
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll('`', '')),
    );
}

/** Everything in which the errors' classes and their page disagree, or break the rules of both. */
function faults(files: readonly SourceFile[], page: string): string[] {
  const classes = errorClasses(files);
  const documented = rows(page);
  const codes = classes.map(({ code }) => code);
  const rowOf = new Map(documented.map((row) => [row[0], row]));
  return [
    ...classes.flatMap(({ name, code, file }) => {
      if (code === '') return [`${file}: ${name} has no literal \`code\`.`];
      const row = rowOf.get(code);
      return [
        ...(file.startsWith(ERRORS) ? [] : [`${file}: ${name} belongs in errors/.`]),
        ...(/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/.test(code) ? [] : [`${file}: code "${code}" is not UPPER_SNAKE_CASE.`]),
        ...(codes.indexOf(code) === codes.lastIndexOf(code) ? [] : [`${file}: code "${code}" has several classes.`]),
        ...(row === undefined ? [`docs/errors.md has no row for ${code} (${name}).`] : []),
        ...(row === undefined || row[1] === name
          ? []
          : [`docs/errors.md names ${row[1] ?? ''} for ${code}: it is ${name}.`]),
      ];
    }),
    ...documented.flatMap((row) => [
      ...(codes.includes(row[0] ?? '') ? [] : [`docs/errors.md lists ${row[0] ?? ''}, which no class has.`]),
      ...(row.length === 4 && row.every((cell) => cell !== '')
        ? []
        : [`docs/errors.md: ${row[0] ?? ''} misses a column.`]),
    ]),
    ...documented
      .map((row) => row[0] ?? '')
      .flatMap((code, i, all) => (all.indexOf(code) === i ? [] : [`docs/errors.md lists ${code} twice.`])),
  ];
}

describe('docs/errors.md', () => {
  it('lists every error class by its code, and nothing else', () => {
    expect(faults(sourceFiles('libs/orchestrator/src'), readFileSync('docs/errors.md', 'utf8'))).toEqual([]);
  });

  const file = (name: string, code: string, path = `${ERRORS}a.error.ts`): SourceFile => ({
    path,
    text: `export class ${name} extends OrchestratorError {\n  ${code}\n}\n`,
  });
  const good = file('LostError', "readonly code = 'LOST';");
  const row = '| `LOST` | `LostError` | it is gone | look again |\n';

  it.each([
    ['a class without a row', [good], '', 'docs/errors.md has no row for LOST (LostError).'],
    ['a row without a class', [], row, 'docs/errors.md lists LOST, which no class has.'],
    [
      'a row of another class',
      [file('GoneError', "readonly code = 'LOST';")],
      row,
      'LostError for LOST: it is GoneError',
    ],
    ['a row without advice', [good], '| `LOST` | `LostError` | it is gone | |\n', 'LOST misses a column'],
    ['a row given twice', [good], row + row, 'docs/errors.md lists LOST twice.'],
    ['a class without a code', [file('LostError', '')], '', 'LostError has no literal `code`'],
    ['a code in the wrong case', [file('LostError', "readonly code = 'lost';")], '', '"lost" is not UPPER_SNAKE_CASE'],
    [
      'a code of two classes',
      [good, file('GoneError', "readonly code = 'LOST';")],
      row,
      'code "LOST" has several classes',
    ],
    [
      'a class elsewhere',
      [file('LostError', "readonly code = 'LOST';", 'libs/a.ts')],
      row,
      'LostError belongs in errors/',
    ],
  ])('is refused for %s', (_, files, page, fault) => {
    expect(faults(files, page).join('\n')).toContain(fault);
  });

  it('is accepted when it is right', () => {
    expect(faults([good], row)).toEqual([]);
  });
});
