import type { Type } from '@nestjs/common';
import type { MetadataScanner } from '@nestjs/core';
import { PATTERN_HANDLER_METADATA, PATTERN_METADATA } from '@nestjs/microservices/constants.js';
import { PatternHandler } from '@nestjs/microservices/enums/pattern-handler.enum.js';
import { declarationsOf, lostMetadata, type Declarations } from '../decorators/metadata.js';
import { ConfigurationError } from '../errors/configuration.error.js';
import { handlerName, type Handler, type HandlerHost, type Method } from './handler.js';

/** A handler that may be an operation. */
export interface Candidate {
  readonly handler: Handler;
  /** What steps could call it by: the name `@Operation` gives, else its message patterns. */
  readonly names: readonly string[];
  /** What our decorators say of it. Without any it is an operation only where `operations.json` lists it. */
  readonly declarations: Declarations | undefined;
}

/** @throws ConfigurationError for a handler that has lost metadata, and for one that is described but has no name */
export function candidatesOf(host: HandlerHost, scanner: MetadataScanner): Candidate[] {
  const { host: module, metatype } = host;
  if (module === undefined || metatype === null) return [];
  const type = metatype as Type;
  return methodsOf(type, scanner).flatMap(([methodName, method]) => {
    const handler = { host, module, type, methodName, method };
    refuseLoss(handler);
    const declarations = declarationsOf(method);
    const name = declarations?.get('@Operation')?.name;
    const names = name === undefined ? patternsOf(method) : [name];
    if (names.length > 0) return [{ handler, names, declarations }];
    if (declarations === undefined) return [];
    throw new ConfigurationError(
      `${handlerName(handler)} has ${[...declarations.keys()].join(', ')} but no name that a step could call it by: add ` +
        "@Operation('name'), or @MessagePattern('name') with a text.",
    );
  });
}

/** The methods of a class that may be operations: those that our decorators describe, and message handlers. */
export function candidateMethods(type: Type, scanner: MetadataScanner): string[] {
  return methodsOf(type, scanner)
    .filter(([, method]) => declarationsOf(method) !== undefined || patternsOf(method).length > 0)
    .map(([methodName]) => methodName);
}

/** The methods of a class that our decorators describe, inherited ones too. */
export function describedMethods(type: Type, scanner: MetadataScanner): string[] {
  return methodsOf(type, scanner)
    .filter(([, method]) => declarationsOf(method) !== undefined)
    .map(([methodName]) => methodName);
}

function methodsOf({ prototype }: Type, scanner: MetadataScanner): (readonly [string, Method])[] {
  const methods = prototype as Record<string, Method>;
  return scanner.getAllMethodNames(methods).flatMap((name) => {
    const method = methods[name];
    return method === undefined ? [] : [[name, method] as const];
  });
}

/** Patterns that are objects name no operation: a step says a text. */
function patternsOf(method: Method): string[] {
  if (Reflect.getMetadata(PATTERN_HANDLER_METADATA, method) !== PatternHandler.MESSAGE) return [];
  const patterns = Reflect.getMetadata(PATTERN_METADATA, method) as readonly unknown[];
  return patterns.filter((pattern) => typeof pattern === 'string');
}

function refuseLoss(handler: Handler): void {
  const lost = lostMetadata(handler.type.prototype as object, handler.methodName);
  if (lost.length === 0) return;
  throw new ConfigurationError(
    `${handlerName(handler)} was replaced by a wrapper without ${lost.join(', ')}: guards and what else was declared below ` +
      'would not run. The decorator that wraps it must copy every Reflect metadata key of the method.',
  );
}
