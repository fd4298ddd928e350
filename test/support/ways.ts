import type { ModuleMetadata } from '@nestjs/common';
import type { ClientProxy } from '@nestjs/microservices';
import { lastValueFrom } from 'rxjs';
import { asking } from './ask.js';
import { alpha, clientOf, connectTcp, create, listen, request } from './servers.js';

/** The ways in which an operation of service `alpha` is called. */
export const WAYS = ['step', 'http', 'rpc'] as const;
export type Way = (typeof WAYS)[number];

export { caller, Everywhere } from './everywhere.js';

/** How a call failed, whichever way. */
export class CallFailed extends Error {
  constructor(readonly told: unknown) {
    super(JSON.stringify(told));
  }
}

/** Of {@link serve}. */
export let client: ClientProxy;
const ask = asking(alpha);

/** Makes the application, and lets it be called in every way. */
export async function serve(metadata: ModuleMetadata): Promise<void> {
  await create(metadata);
  const server = connectTcp();
  await listen();
  client = clientOf(server);
}

/**
 * Calls an operation, for a tenant.
 * @throws CallFailed with what the caller is told; of a step, its failure
 */
export async function call(way: Way, operation: string, input: object = {}, tenant = 'acme'): Promise<unknown> {
  switch (way) {
    case 'step':
      return ask(operation, input, { tenantId: tenant }).catch((error: unknown) => {
        throw new CallFailed((error as { readonly failure?: unknown }).failure ?? error);
      });
    case 'http': {
      const { status, body } = await request('POST', `/${operation}`, input, { tenant });
      if (status >= 400) throw new CallFailed(body);
      return body;
    }
    case 'rpc':
      return lastValueFrom(client.send<unknown>(operation, { ...input, tenant }), { defaultValue: undefined }).catch(
        (error: unknown) => {
          throw new CallFailed(error);
        },
      );
  }
}
