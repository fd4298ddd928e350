import { CUSTOM_ROUTE_ARGS_METADATA, METHOD_METADATA, ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import { ContextUtils } from '@nestjs/core/helpers/context-utils.js';
import { PATTERN_METADATA } from '@nestjs/microservices/constants.js';
import { ConfigurationError } from '../errors/configuration.error.js';
import { handlerName, type Handler } from './handler.js';

/** What a parameter decorator wrote: `{ 'type:index': { index, data, … } }`. */
type ParameterMap = Readonly<Record<string, { readonly index: number; readonly data?: unknown }>>;

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
export const PAYLOAD_ONLY = { [`${RouteParamtypes.BODY}:0`]: { index: 0, data: undefined, pipes: [] } };

/** @throws ConfigurationError for a parameter that only an HTTP request could fill */
export function checkParameters(handler: Handler): void {
  const { host, methodName, method } = handler;
  const utils = new ContextUtils();
  const map = utils.reflectCallbackMetadata<ParameterMap | undefined>(
    host.instance as object,
    methodName,
    ROUTE_ARGS_METADATA,
  );
  const onlyHttp = Reflect.hasMetadata(METHOD_METADATA, method) && !Reflect.hasMetadata(PATTERN_METADATA, method);
  for (const [key, { index, data }] of Object.entries(map ?? {})) {
    const type = Number(key.split(':')[0]);
    if (key.includes(CUSTOM_ROUTE_ARGS_METADATA) || INPUT.includes(type)) continue;
    if (type === CONTEXT && data === undefined && !onlyHttp) continue;
    throw new ConfigurationError(
      `${handlerName(handler)} is an operation, but its parameter ${index} is ${RouteParamtypes[type] ?? type} (@Req(), @Res(), ` +
        '@Headers() and the like), which only an HTTP request has. Take @Payload() (or @Body(), @Query(), @Param()), @Ctx() ' +
        'and @Caller(); what HTTP alone needs belongs in a handler of its own.',
    );
  }
}
