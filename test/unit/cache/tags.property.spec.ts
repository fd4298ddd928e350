import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fieldIn } from '../../../libs/orchestrator/src/cache/fields.js';
import { type Changed, changedBy, dependenciesOf, replacedBy } from '../../../libs/orchestrator/src/cache/tags.js';
import type { Caller } from '../../../libs/orchestrator/src/message/workflow-message.js';
import type { Operation } from '../../../libs/orchestrator/src/operations/operation.js';

/** Few enough to meet, and odd enough to be taken for one another by whoever joins them without care. */
const NAMES = ['a', 'b', 'a/b', '~', '~any', '%', '%7E', 'a%2Fb', 'all', 'platform', 't:1', '1', ''];
const name = fc.oneof(fc.constant('a'), fc.constantFrom(...NAMES)); // often the same: else reads and changes rarely meet
const IDS = [1, '1', 10n, '10', true, 'true', ...NAMES, undefined, null, { id: 1 }, ['1']];
const tenant = fc.constantFrom(1, '1', 2, 'all', 'a/b', '~', undefined);
const FIELDS = ['id', 'other'];

const id = fc.oneof(fc.constantFrom(1, '1'), fc.constantFrom(...IDS));
const input = fc.record({ id, other: id }, { requiredKeys: [] });
const reference = fc.record(
  { resource: name, id: fc.constantFrom(...FIELDS), service: name },
  { requiredKeys: ['resource'] },
);

interface Called {
  readonly operation: Operation;
  readonly input: Readonly<Record<string, unknown>>;
  readonly tenantId: string | number | undefined;
}
const called = (operation: fc.Arbitrary<Operation>): fc.Arbitrary<Called> =>
  fc.record({ operation, input, tenantId: tenant });
const reader = called(
  fc.record(
    {
      service: name,
      name: fc.constant('read'),
      reads: fc.array(reference, { maxLength: 4 }),
      cache: fc.constantFrom({ vary: 'none' as const }, { vary: 'tenant' as const }, true),
    },
    { requiredKeys: ['service', 'name'] },
  ),
);
const mutation = called(
  fc.record(
    {
      service: name,
      name: fc.constant('change'),
      mutated: fc.record({ resource: name, id: fc.constantFrom(...FIELDS) }, { requiredKeys: ['resource'] }),
    },
    { requiredKeys: ['service', 'name'] },
  ),
);

/** An id, as the naive model has it: any, where it is none. */
const idIn = (from: Readonly<Record<string, unknown>>, field: string | undefined): string | undefined => {
  const value = (field === undefined ? undefined : from[field]) as
    object | string | number | bigint | boolean | undefined;
  return value === undefined || typeof value === 'object' ? undefined : String(value);
};

const meet = (one: string | undefined, other: string | undefined): boolean =>
  one === undefined || other === undefined || one === other;

/** Whether a change must be seen by a read, by sets of instances and of tenants alone. */
function isHit(read: Called, change: Called): boolean {
  const { service, reads = [], cache } = read.operation;
  const everybodys = read.tenantId === undefined || (typeof cache === 'object' && cache.vary === 'none');
  const tenants = everybodys || change.tenantId === undefined || String(read.tenantId) === String(change.tenantId);
  const { mutated } = change.operation;
  const changed: Changed = {
    service: change.operation.service,
    resource: mutated?.resource,
    id: mutated && idIn(change.input, mutated.id),
  };
  const sources: Changed[] = reads.map(({ service: owner = service, resource, id }) => ({
    service: owner,
    resource,
    id: idIn(read.input, id),
  }));
  if (reads.length === 0) sources.push({ service });
  // Whoever changes anything of a service may change how its operations answer, whatever they read.
  const anything = changed.resource === undefined && changed.service === service;
  const instances = sources.some(
    (source) =>
      source.service === changed.service && meet(source.resource, changed.resource) && meet(source.id, changed.id),
  );
  return tenants && (anything || instances);
}

const callerOf = ({ tenantId }: { readonly tenantId: string | number | undefined }): Caller => ({ tenantId });

describe('any mutation and any read', () => {
  it('meet in a tag exactly where one may change what the other has read', () => {
    let hits = 0;
    fc.assert(
      fc.property(reader, mutation, (read, change) => {
        const { tags } = dependenciesOf(read.operation, (field) => fieldIn(read.input, field), callerOf(read));
        const changed = changedBy(change.operation, (field) => fieldIn(change.input, field));
        const replaced = new Set(replacedBy([changed], callerOf(change)));
        const expected = isHit(read, change);
        hits += Number(expected);
        expect(tags.some((tag) => replaced.has(tag))).toBe(expected);
      }),
      { numRuns: 2_000 },
    );
    expect(hits).toBeGreaterThan(150); // so that the model was asked for both
    expect(hits).toBeLessThan(1_800);
  });

  it('have tags of which the first are the same for every input', () => {
    fc.assert(
      fc.property(reader, input, (read, other) => {
        const [one, two] = [read.input, other].map((each) =>
          dependenciesOf(read.operation, (field) => fieldIn(each, field), callerOf(read)),
        );
        expect(one?.fixed).toBe(two?.fixed);
        expect(one?.tags.slice(0, one.fixed)).toEqual(two?.tags.slice(0, two.fixed));
        expect(one?.fixed).toBeGreaterThan(0);
      }),
    );
  });
});

describe('the tag of an instance', () => {
  /** Names of any text, often of the characters that tags are made of. */
  const text = fc.oneof(name, fc.string({ unit: fc.constantFrom('a', '/', '~', '%', '2', 'F', ':') }), fc.string());
  interface Instance extends Changed {
    readonly tenantId: string | undefined;
  }
  const instance: fc.Arbitrary<Instance> = fc.record(
    { service: text, resource: text, id: text, tenantId: fc.option(text, { nil: undefined }) },
    { requiredKeys: ['service', 'tenantId'] },
  );
  /** The narrowest that it replaces. */
  const tagOf = ({ service, resource, id, tenantId }: Instance): string | undefined =>
    replacedBy([{ service, resource, id: resource === undefined ? undefined : id }], { tenantId })[0];

  it('is that of no other tenant, service, resource or id', () => {
    fc.assert(
      fc.property(instance, instance, (one, other) => {
        const parts = ({ service, resource, id, tenantId }: Instance): unknown[] => [
          service,
          resource,
          resource === undefined ? undefined : id,
          tenantId,
        ];
        const same = parts(one).every((part, at) => part === parts(other)[at]);
        expect(tagOf(one) === tagOf(other)).toBe(same);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is none of the marks for all instances, or for any resource', () => {
    fc.assert(
      fc.property(text, text, text, (service, resource, id) => {
        const [own, ...wider] = replacedBy([{ service, resource, id }], {}).filter((tag) => tag.startsWith('all/'));
        expect(wider).toHaveLength(2);
        expect(wider).not.toContain(own);
      }),
    );
  });
});
