import type { OperationCaching, ResourceRef } from 'nest-orchestrator';

/** `stock`, `stock by sku`, `stock of catalog by sku`: the owner is named where it is another service. */
export function nameOf({ service, resource, id }: ResourceRef, seenFrom: string): string {
  const owner = service === undefined || service === seenFrom ? '' : ` of ${service}`;
  return `${resource}${owner}${id === undefined ? '' : ` by ${id}`}`;
}

/** What an answer depends on whose operation names no resource, and what a mutation changes that names none. */
export const anythingOf = ({ service }: Pick<OperationCaching, 'service'>): string => `anything of ${service}`;
