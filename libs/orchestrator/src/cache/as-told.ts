import { HttpException } from '@nestjs/common';
import { RpcException } from '@nestjs/microservices/exceptions/rpc-exception.js';
import { PurgeFailedError } from '../errors/purge-failed.error.js';
import { jsonOf } from './json.js';

/** The error as whoever called by HTTP or RPC may be told it: of one that Nest does not know it says "Internal server error". */
export function asTold(error: unknown, contextType: string): unknown {
  if (!(error instanceof PurgeFailedError)) return error;
  const { code, status, message } = error;
  if (contextType === 'rpc')
    return Object.assign(new RpcException({ status: 'error', code, message }), { cause: error });
  return new HttpException({ statusCode: status, code, message }, status, { cause: error });
}

/** Whether HTTP sends the value as it sends what JSON makes of it. A date would be sent as a text, and NaN as nothing. */
export function isSentAlike(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  const { toJSON } = Object(value) as { readonly toJSON?: unknown };
  return typeof toJSON !== 'function' || /^[[{]/.test(jsonOf(value) ?? '');
}
