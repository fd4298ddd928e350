import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Caller as RunCaller } from '../message/workflow-message.js';
import { currentCall } from '../operations/handler-call.js';
import { OPERATION_CONTEXT_TYPE, type OperationContext } from '../operations/operation.js';

/** Whom a run acts for: tenant, workspace and person. */
export type Caller = RunCaller;

/** What `@Caller()` puts in. */
export function callerOf(_: unknown, host: ExecutionContext): Caller | undefined {
  return host.getType<string>() === OPERATION_CONTEXT_TYPE
    ? host.switchToRpc().getContext<OperationContext>().caller
    : currentCall()?.caller;
}

/**
 * The caller of a handler. In a step it is the run's caller, with the step's own workspace; in an HTTP or RPC call of an
 * operation it is what the module's option `caller` says, and `undefined` without that option: then nobody has said who calls.
 *
 * @example
 * ```ts
 * @Operation('list-invoices')
 * list(@Payload() input: ListInvoicesDto, @Caller() caller: Caller | undefined): Promise<Invoice[]> { … }
 * ```
 */
export const Caller = createParamDecorator(callerOf);
