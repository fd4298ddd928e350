import { RequestMethod } from '@nestjs/common';
import { METHOD_METADATA } from '@nestjs/common/constants.js';
import type { Method } from './handler.js';
import type { OperationTraits } from './operation.js';

/** Methods of HTTP that change nothing (RFC 9110, 9.2.1, and those that came later). */
const SAFE: readonly string[] = ['GET', 'HEAD', 'OPTIONS', 'SEARCH', 'PROPFIND', 'QUERY'];

/** Whether nothing says of an operation what it reads or changes, or how it is cached: it is taken for a read. */
export const isUndeclared = ({ mutates, reads, cache }: OperationTraits): boolean =>
  mutates === undefined && reads === undefined && cache === undefined;

/** The HTTP method of a handler's route, where that is for changes: `POST`. */
export function changingMethodOf(handler: Method): string | undefined {
  const method = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined;
  const name = method === undefined ? undefined : RequestMethod[method];
  return name === undefined || SAFE.includes(name) ? undefined : name;
}
