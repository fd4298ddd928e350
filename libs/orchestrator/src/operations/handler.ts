import type { Type } from '@nestjs/common';
import type { DiscoveryService } from '@nestjs/core';

/** A controller as Nest holds it: class, module, and its instance; of a request-scoped one only a placeholder. */
export type HandlerHost = ReturnType<DiscoveryService['getControllers']>[number];
export type HandlerModule = NonNullable<HandlerHost['host']>;
export type Method = (...args: unknown[]) => unknown;

/** A controller's method. */
export interface Handler {
  readonly host: HandlerHost;
  readonly module: HandlerModule;
  readonly type: Type;
  readonly methodName: string;
  /** As the class declares it: what decorators wrote their metadata on. */
  readonly method: Method;
}

/** Which method of which controller. */
export type HandlerId = Pick<Handler, 'type' | 'methodName'>;

/** A handler under the name that steps call it by. */
export interface OperationHandler extends Handler {
  readonly operation: string;
}

/** The handler as messages name it: `InvoiceController.get`. */
export function handlerName({ type, methodName }: HandlerId): string {
  return `${type.name}.${methodName}`;
}
