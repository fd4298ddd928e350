import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Caller as RunCaller } from '../message/workflow-message.js';
import { OPERATION_CONTEXT_TYPE, type OperationContext } from '../operations/operation.js';

/** Whom a run acts for: tenant, workspace and person. */
export type Caller = RunCaller;

/**
 * The caller of a handler. In a step it is the run's caller, with the step's own workspace; in an HTTP or RPC call outside
 * a run it is `undefined`: there nobody has said who calls.
 *
 * @example
 * ```ts
 * @Operation('list-invoices')
 * list(@Payload() input: ListInvoicesDto, @Caller() caller: Caller | undefined): Promise<Invoice[]> { … }
 * ```
 */
export const Caller = createParamDecorator((_: unknown, host: ExecutionContext): Caller | undefined =>
  host.getType<string>() === OPERATION_CONTEXT_TYPE
    ? host.switchToRpc().getContext<OperationContext>().caller
    : undefined,
);
