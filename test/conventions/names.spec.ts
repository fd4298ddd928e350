import { basename } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { type SourceFile, sourceFiles } from '../support/source-files.js';

/** An exported class that ends so stands in a file of that role: `MemoryStateStore` in `memory.store.ts`. Not in tests. */
const ROLES =
  /(Module|Service|Controller|Interceptor|Guard|Filter|Pipe|Explorer|Registry|Transport|Store|Error|Codec|Parser)$/;
const GRAB_BAGS = /^(utils?|helpers?|common|misc|shared|types|constants)\.ts$/;
const METADATA_CALLS = /(^|\.)(SetMetadata|(define|get|has)(Own)?Metadata)$/;
const MAX_LINES = 400;

/** What breaks the rules for names and sizes in one file. */
function faults({ path, text }: SourceFile): string[] {
  const file = basename(path);
  const lines = text.trimEnd().split('\n').length;
  const found = [
    ...(/^[a-z0-9]+([-.][a-z0-9]+)*\.ts$/.test(file) ? [] : ['file names are kebab-case, the role after a dot']),
    ...(GRAB_BAGS.test(file) ? ['a file is named after what it holds, not that it holds'] : []),
    ...(lines > MAX_LINES ? [`${lines} lines: look for the second idea (at most ${MAX_LINES})`] : []),
  ];
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true));
  return found.map((fault) => `${path}: ${fault}`);

  function visit(node: ts.Node): void {
    if (ts.isClassDeclaration(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) {
      found.push(...typeFaults(node), ...(/^(test|bench)\//.test(path) ? [] : roleFaults(node, file)));
    } else if (ts.isCallExpression(node) && METADATA_CALLS.test(node.expression.getText())) {
      found.push(...keyFaults(node.arguments[0]));
    } else if (ts.isVariableDeclaration(node) && /(METADATA|_KEY)$/.test(node.name.getText())) {
      found.push(...keyFaults(node.initializer));
    }
    ts.forEachChild(node, visit);
  }
}

type Named = ts.ClassDeclaration | ts.InterfaceDeclaration | ts.TypeAliasDeclaration;

function typeFaults({ name }: Named): string[] {
  const word = name?.text ?? '';
  return [
    ...(/^I[A-Z][a-z]/.test(word) ? [`${word}: no I prefix`] : []),
    ...(/(Impl|Manager)$/.test(word) ? [`${word}: say what it does, not Impl or Manager`] : []),
  ];
}

function roleFaults(node: Named, file: string): string[] {
  const exported = ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false;
  const role =
    ts.isClassDeclaration(node) && exported ? ROLES.exec(node.name?.text ?? '')?.[0].toLowerCase() : undefined;
  return role === undefined || file.endsWith(`.${role}.ts`)
    ? []
    : [`${node.name?.text ?? ''} belongs in a file *.${role}.ts`];
}

function keyFaults(key: ts.Node | undefined): string[] {
  if (key === undefined || !ts.isStringLiteralLike(key) || key.text.startsWith('orchestrator:')) return [];
  return [`metadata key "${key.text}": prefix it, "orchestrator:${key.text}"`];
}

describe('names and sizes', () => {
  it('keep the rules in the library', () => {
    expect(sourceFiles('libs/orchestrator/src').flatMap(faults)).toEqual([]);
  });

  it('keep the rules in the example, the tests and the benches', () => {
    expect(sourceFiles('src', 'test', 'bench').flatMap(faults)).toEqual([]);
  });

  it.each([
    ['a grab bag', 'utils/helpers.ts', '', 'named after what it holds'],
    ['a file in camelCase', 'engine/runScope.ts', '', 'kebab-case'],
    ['an I prefix', 'engine/run.ts', 'export interface IRun {}', 'IRun: no I prefix'],
    ['an Impl', 'engine/run.ts', 'export class RunImpl {}', 'RunImpl: say what it does'],
    ['a Manager', 'engine/run.ts', 'export type RunManager = object;', 'RunManager: say what it does'],
    [
      'an error without its suffix',
      'errors/step.ts',
      'export class StepError {}',
      'StepError belongs in a file *.error.ts',
    ],
    ['a store without its suffix', 'state/memory.ts', 'export class MemoryStore {}', 'belongs in a file *.store.ts'],
    ['a bare metadata key', 'decorators/a.decorator.ts', "SetMetadata('reads', 1);", '"orchestrator:reads"'],
    [
      'a bare key of Reflect',
      'decorators/a.decorator.ts',
      "Reflect.defineMetadata('reads', 1, f);",
      '"orchestrator:reads"',
    ],
    [
      'a bare key in a constant',
      'decorators/a.decorator.ts',
      "const READS_METADATA = 'reads';",
      '"orchestrator:reads"',
    ],
    ['a file too long', 'engine/run.ts', '\n'.repeat(400) + 'export {};', '401 lines'],
  ])('are refused for %s', (_, path, text, fault) => {
    expect(faults({ path, text }).join('\n')).toContain(fault);
  });

  it.each([
    ['operations/operation.registry.ts', 'export class OperationRegistry {}'],
    ['references/template.ts', "export interface Index {}\nconst NAME_METADATA = 'orchestrator:name';"],
    ['test/unit/guards.spec.ts', 'export class PassingGuard {}'],
    ['testing/service-of.ts', 'export const build = (): object => { class TestModule {} return TestModule; };'],
    ['orchestrator.service.ts', 'export class WorkflowOrchestrator {}'],
  ])('are accepted in %s', (path, text) => {
    expect(faults({ path, text })).toEqual([]);
  });
});
