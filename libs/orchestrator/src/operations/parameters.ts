import {
  CUSTOM_ROUTE_ARGS_METADATA,
  METHOD_METADATA,
  PARAMTYPES_METADATA,
  ROUTE_ARGS_METADATA,
} from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import { ContextUtils } from '@nestjs/core/helpers/context-utils.js';
import { PATTERN_METADATA } from '@nestjs/microservices/constants.js';
import { callerOf } from '../decorators/caller.decorator.js';
import { ConfigurationError } from '../errors/configuration.error.js';
import { handlerName, type Handler } from './handler.js';

/** What a parameter decorator wrote: `{ 'type:index': { index, data, pipes } }`. */
type ParameterMap = Readonly<Record<string, Parameter>>;

interface Parameter {
  readonly index: number;
  readonly data?: unknown;
  readonly pipes?: readonly unknown[];
  /** Of a decorator that `createParamDecorator` made. */
  readonly factory?: unknown;
}

/** RPC and HTTP share these numbers: `@Payload()` is `@Body()`, and `@Ctx()` is `@Headers()`. */
const INPUT: readonly number[] = [RouteParamtypes.BODY, RouteParamtypes.QUERY, RouteParamtypes.PARAM];
const CONTEXT: number = RouteParamtypes.HEADERS;

/** Where an operation's parameters come from. One map serves RPC, HTTP and steps. */
export const PARAMETERS = {
  exchangeKeyForValue(type: number, data: unknown, [input, context]: readonly unknown[]): unknown {
    if (type === CONTEXT) return context;
    return typeof data === 'string' ? (input as Record<string, unknown> | null | undefined)?.[data] : input;
  },
};

/** What RPC assumes of a handler without parameter decorators. Stock Nest would run it without its pipes. */
export const PAYLOAD_ONLY: ParameterMap = { [`${RouteParamtypes.BODY}:0`]: { index: 0, data: undefined, pipes: [] } };

/** A parameter that is the input, or one field of it. */
export interface InputParameter {
  readonly index: number;
  /** Of the input. `undefined`: the whole. */
  readonly field: string | undefined;
  /** Where an HTTP request has it. */
  readonly from: 'body' | 'query' | 'params';
}

/** What a handler takes. */
export interface HandlerParameters {
  readonly inputs: readonly InputParameter[];
  /** Its result can depend on the input and the caller alone: there are no other parameters. */
  readonly declared: boolean;
  /** Its controller is made for the call, before the call's bracket: what was injected into it may be older than its tokens. */
  readonly madePerCall: boolean;
}

const FROM = new Map<number, InputParameter['from']>([
  [RouteParamtypes.BODY, 'body'],
  [RouteParamtypes.QUERY, 'query'],
  [RouteParamtypes.PARAM, 'params'],
]);

export function parametersOf(handler: Handler): HandlerParameters {
  const inputs: InputParameter[] = [];
  let declared = true;
  for (const [key, { index, data, factory }] of Object.entries(parameterMap(handler))) {
    const from = key.includes(CUSTOM_ROUTE_ARGS_METADATA) ? undefined : FROM.get(typeOf(key));
    if (from !== undefined) inputs.push({ index, field: typeof data === 'string' ? data : undefined, from });
    else if (factory === undefined || factory !== callerOf) declared = false;
  }
  return {
    inputs: inputs.sort((one, other) => one.index - other.index),
    declared,
    madePerCall: !handler.host.isDependencyTreeStatic(),
  };
}

/** @throws ConfigurationError for a parameter that only an HTTP request could fill, and for an input without its class */
export function checkParameters(handler: Handler): void {
  const { method } = handler;
  const types = typesOf(handler);
  const onlyHttp = Reflect.hasMetadata(METHOD_METADATA, method) && !Reflect.hasMetadata(PATTERN_METADATA, method);
  for (const [key, parameter] of Object.entries(parameterMap(handler))) {
    const { index, data } = parameter;
    const type = typeOf(key);
    if (key.includes(CUSTOM_ROUTE_ARGS_METADATA)) continue;
    if (INPUT.includes(type)) {
      if (types[index] === Function) refuseLostClass(handler, parameter);
      continue;
    }
    if (type === CONTEXT && data === undefined && !onlyHttp) continue;
    throw new ConfigurationError(
      `${handlerName(handler)} is an operation, but its parameter ${index} is ${RouteParamtypes[type] ?? type} (@Req(), @Res(), ` +
        '@Headers() and the like), which only an HTTP request has. Take @Payload() (or @Body(), @Query(), @Param()), @Ctx() ' +
        'and @Caller(); what HTTP alone needs belongs in a handler of its own.',
    );
  }
}

function parameterMap({ host, methodName }: Handler): ParameterMap {
  const map = new ContextUtils().reflectCallbackMetadata<ParameterMap | undefined>(
    host.instance as object,
    methodName,
    ROUTE_ARGS_METADATA,
  );
  return map ?? PAYLOAD_ONLY;
}

const typeOf = (key: string): number => Number(key.split(':')[0]);

/** As the compiler wrote them down; nothing where it does not. */
function typesOf({ type, methodName }: Handler): readonly unknown[] {
  return (
    (Reflect.getMetadata(PARAMTYPES_METADATA, type.prototype as object, methodName) as unknown[] | undefined) ?? []
  );
}

/**
 * TypeScript writes `Function` for a class that is imported as a type only, and for functions, which no input is. Where a
 * pipe of the parameter's own makes something else of the input, that may be a function.
 */
function refuseLostClass(handler: Handler, { index, pipes = [] }: Parameter): void {
  if (pipes.length > 0) return;
  throw new ConfigurationError(
    `${handlerName(handler)} takes its input as parameter ${index}, whose class is lost: it is imported as a type, so no pipe ` +
      'could validate or transform the input. Write "import { … }" instead of "import type { … }" for it (or declare it as an ' +
      'interface, which is not validated).',
  );
}
