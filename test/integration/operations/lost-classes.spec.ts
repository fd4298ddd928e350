import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, createParamDecorator, type Type } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import ts from 'typescript';
import { Operation } from '../../../libs/orchestrator/src/decorators/operation.decorator.js';
import { ConfigurationError } from '../../../libs/orchestrator/src/errors/configuration.error.js';
import { bootOperations, type OperationsApp } from '../../support/operations.js';

const apps: OperationsApp[] = [];

async function boot(controller: Type): Promise<OperationsApp> {
  const booted = await bootOperations({ controllers: [controller] });
  apps.push(booted);
  return booted;
}

afterEach(async () => {
  await Promise.all(apps.splice(0).map(({ app }) => app.close()));
});

/** What TypeScript itself makes of the last file, where it sees the others. */
function compiled(files: Readonly<Record<string, string>>): string {
  const options: ts.CompilerOptions = {
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    target: ts.ScriptTarget.ES2022,
    noLib: true,
  };
  const written: string[] = [];
  const host: ts.CompilerHost = {
    ...ts.createCompilerHost(options),
    fileExists: (name) => Object.hasOwn(files, name),
    readFile: (name) => files[name],
    getSourceFile: (name, target) => {
      const text = files[name];
      return text === undefined ? undefined : ts.createSourceFile(name, text, target);
    },
    writeFile: (_, text) => written.push(text),
  };
  ts.createProgram(Object.keys(files), options, host).emit();
  return written.at(-1) ?? '';
}

describe('the class of an input that is imported as a type', () => {
  it('is Function in what TypeScript writes down, an interface is Object', () => {
    const text = compiled({
      '/dto.ts': 'export class Dto { id!: number } export interface Shape { id: number }',
      '/c.ts': `
        import type { Dto, Shape } from './dto';
        declare const Op: any, In: any;
        class C { @Op() x(@In() input: Dto) {} @Op() y(@In() input: Shape) {} }`,
    });
    expect([...text.matchAll(/"design:paramtypes", \[(.*)\]/g)].map(([, types]) => types)).toEqual([
      'Function',
      'Object',
    ]);
  });

  @Controller()
  class DecoratedController {
    @Operation('x') x(@Ctx() context: unknown, @Payload() input: () => void): unknown {
      return [context, input];
    }
  }
  @Controller()
  class BareController {
    @Operation('x') x(input: () => void): unknown {
      return input;
    }
  }
  class SubController extends DecoratedController {}
  Controller()(SubController);

  it.each([
    ['a parameter that a decorator fills', DecoratedController, 'DecoratedController.x takes its input as parameter 1'],
    ['a handler without parameter decorators', BareController, 'BareController.x takes its input as parameter 0'],
    ['an inherited handler', SubController, 'SubController.x takes its input as parameter 1'],
  ])('keeps the application from starting: %s', async (_, controller, message) => {
    const error: unknown = await boot(controller).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as Error).message).toContain(`${message}, whose class is lost`);
    expect((error as Error).message).toContain('Write "import { … }" instead of "import type { … }"');
  });

  it('is not suspected where a function can be meant: of a pipe, and of a decorator of its own', async () => {
    const Finder = createParamDecorator(() => (id: number) => `item ${id}`);
    const toFunction = { transform: (value: unknown) => () => value };
    @Controller()
    class FindingController {
      @Operation('x') x(@Finder() find: (id: number) => string, @Payload('id', toFunction) id: () => number): string {
        return find(id());
      }
    }
    const { run } = await boot(FindingController);
    expect(await run('x', { id: 7 })).toBe('item 7');
  });
});
