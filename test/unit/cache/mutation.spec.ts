import { describe, expect, it } from '@jest/globals';
import { Mutation } from '../../../libs/orchestrator/src/cache/mutation.js';
import { type Changed, replacedBy } from '../../../libs/orchestrator/src/cache/tags.js';

const handler = { type: class Orders {}, methodName: 'put' };

/** A mutation whose handler has been called with each of these changes. */
function mutationOf(...changes: readonly Changed[]): Mutation {
  const ports = { changes: (_: unknown, args: readonly unknown[]) => args as Changed[], purge: () => Promise.resolve(true) };
  const mutation = new Mutation(ports, {}, [{ service: 'crm' }], () => false);
  for (const changed of changes) mutation.starting(handler, [changed]);
  return mutation;
} // prettier-ignore

const customer = (id: number): Changed => ({ service: 'crm', resource: 'customer', id: String(id) });
const customers = (count: number): Changed[] => Array.from({ length: count }, (_, id) => customer(id));

describe('what a mutation replaces', () => {
  it('is all that its handlers have changed, each once', () => {
    const order: Changed = { service: 'shop', resource: 'order' };
    const changes = [customer(7), order, customer(8), customer(7), { service: 'hr' }];
    const { tags } = mutationOf(...changes);
    expect(new Set(tags)).toEqual(new Set(replacedBy(changes, {})));
    expect(new Set(tags).size).toBe(tags.length);
  });

  it('is each of 256 instances of a resource, and of more all of it: tags go along with runs', () => {
    expect(new Set(mutationOf(...customers(256)).tags)).toEqual(new Set(replacedBy(customers(256), {})));
    const all = replacedBy([{ service: 'crm', resource: 'customer' }], {});
    expect(mutationOf(...customers(257)).tags).toEqual(all);
    expect(mutationOf(...customers(10_000), { service: 'crm', resource: 'customer' }).tags).toEqual(all);
  });

  it('is each instance of many resources', () => {
    const changes = customers(400).map((changed, at) => ({
      ...changed,
      resource: at % 2 === 0 ? 'customer' : 'order',
    }));
    expect(new Set(mutationOf(...changes).tags)).toEqual(new Set(replacedBy(changes, {})));
  });

  it('is what it may change at most, before any of its handlers has started', () => {
    expect(mutationOf().tags).toEqual(replacedBy([{ service: 'crm' }], {}));
    expect(mutationOf().started).toBe(false);
  });
});
