import { describe, expect, it } from '@jest/globals';
import { type FieldOf, fieldIn } from '../../../libs/orchestrator/src/cache/fields.js';
import {
  type Changed,
  changedBy,
  dependenciesOf,
  ownerOf,
  replacedBy,
  widened,
} from '../../../libs/orchestrator/src/cache/tags.js';
import type { Caller } from '../../../libs/orchestrator/src/message/workflow-message.js';
import type { Operation } from '../../../libs/orchestrator/src/operations/operation.js';

type Traits = Partial<Operation>;
const operation = (traits: Traits): Operation => ({ service: 'crm', name: 'any', ...traits });
const fieldsOf =
  (input: unknown): FieldOf =>
  (field) =>
    fieldIn(input, field);

const tagsOf = (traits: Traits, input: unknown = {}, caller: Caller = {}): readonly string[] =>
  dependenciesOf(operation(traits), fieldsOf(input), caller).tags;

const CUSTOMER = { resource: 'customer', id: 'id' };

/** Reads, each with its input. */
const READERS: Readonly<Record<string, readonly [reads: Traits, input?: unknown]>> = {
  'customer 7': [{ reads: [CUSTOMER] }, { id: 7 }],
  'customer "7"': [{ reads: [CUSTOMER] }, { id: '7' }],
  'customer 8': [{ reads: [CUSTOMER] }, { id: 8 }],
  'a customer, nobody knows which': [{ reads: [CUSTOMER] }, { id: { is: 7 } }],
  'all customers': [{ reads: [{ resource: 'customer' }] }],
  'customer 7 and order 1': [{ reads: [CUSTOMER, { resource: 'order', id: 'order' }] }, { id: 7, order: 1 }],
  'all orders': [{ reads: [{ resource: 'order' }] }],
  'no one says what': [{}],
  'no one says what, said with an empty list': [{ reads: [] }],
  'shop reads customer 7 of crm': [{ service: 'shop', reads: [{ ...CUSTOMER, service: 'crm' }] }, { id: 7 }],
  'shop reads all customers of crm': [{ service: 'shop', reads: [{ resource: 'customer', service: 'crm' }] }],
  'shop reads its own customer 7': [{ service: 'shop', reads: [CUSTOMER] }, { id: 7 }],
  'shop, no one says what': [{ service: 'shop' }],
};

const COLLECTIONS = ['a customer, nobody knows which', 'all customers', 'shop reads all customers of crm'];
const UNDECLARED = ['no one says what', 'no one says what, said with an empty list'];
const SEVENS = ['customer 7', 'customer "7"', 'customer 7 and order 1', 'shop reads customer 7 of crm'];
const OF_CRM = [...Object.keys(READERS).filter((name) => !name.startsWith('shop'))];
const OF_SHOP = [...Object.keys(READERS).filter((name) => name.startsWith('shop'))];

describe('a mutation purges', () => {
  it.each<[what: string, changed: Changed, purged: readonly string[]]>([
    ['an instance: its readers, those of the collection, and whoever declares nothing', { service: 'crm', resource: 'customer', id: '7' }, [...SEVENS, ...COLLECTIONS, ...UNDECLARED]],
    ['another instance: its readers alone of those by id', { service: 'crm', resource: 'customer', id: '8' }, ['customer 8', ...COLLECTIONS, ...UNDECLARED]],
    ['an instance that nobody has read: collections all the same', { service: 'crm', resource: 'customer', id: '9' }, [...COLLECTIONS, ...UNDECLARED]],
    ['a resource: all of its readers, and whoever declares nothing', { service: 'crm', resource: 'customer' }, [...SEVENS, 'customer 8', ...COLLECTIONS, ...UNDECLARED]],
    ['another resource: none of the first', { service: 'crm', resource: 'order' }, ['customer 7 and order 1', 'all orders', ...UNDECLARED]],
    ['an instance of the second resource of a read', { service: 'crm', resource: 'order', id: '1' }, ['customer 7 and order 1', 'all orders', ...UNDECLARED]],
    ['a resource that nobody declares: whoever declares nothing', { service: 'crm', resource: 'invoice', id: '1' }, UNDECLARED],
    ['anything of the service: all that read of it, in other services too', { service: 'crm' }, [...OF_CRM, 'shop reads customer 7 of crm', 'shop reads all customers of crm']],
    ['anything of another service: all of that one', { service: 'shop' }, OF_SHOP],
    ['an instance of the same name in another service: that one', { service: 'shop', resource: 'customer', id: '7' }, ['shop reads its own customer 7', 'shop, no one says what']],
  ])('%s', (_, changed, purged) => {
    const replaced = new Set(replacedBy([changed], {}));
    const hit = Object.entries(READERS).filter(([, [traits, input]]) => tagsOf(traits, input).some((tag) => replaced.has(tag)));
    expect(hit.map(([name]) => name).sort()).toEqual([...purged].sort());
  }); // prettier-ignore

  it('what several changes purge, and each tag once', () => {
    const changes = ['7', '8'].map((id): Changed => ({ service: 'crm', resource: 'customer', id }));
    const both = replacedBy(changes, {});
    expect(new Set(both)).toEqual(new Set(changes.flatMap((change) => replacedBy([change], {}))));
    expect(new Set(both).size).toBe(both.length);
  });

  it.each(['crm', 'a/b', '%2F', '~any', '100%', 'ä'])('tags that say whose they are: %s', (service) => {
    const changes = [{ service }, { service, resource: 'r/s' }, { service, resource: 'r', id: '7/8' }];
    for (const tenantId of [undefined, 'all/x']) {
      for (const tag of replacedBy(changes, { tenantId })) expect(ownerOf(tag)).toBe(service);
    }
  });

  it.each([1, 2, 3, 4, 20])('at least as much where its tags are widened, until they are %d at most', (most) => {
    const tenants = ['1', '2'].map((tenantId) => ({ tenantId }));
    const changes = ['7', '8'].flatMap((id) => ['customer', 'order'].map((resource): Changed => ({ service: 'crm', resource, id }))); // prettier-ignore
    const narrow = tenants.flatMap((caller) => replacedBy(changes, caller));
    const wide = widened(narrow, most);
    expect(wide.size).toBeLessThanOrEqual(Math.max(most, 2)); // for everybody, and for nobody's tenant
    for (const caller of [...tenants, {}]) {
      for (const [traits, input] of Object.values(READERS)) {
        const tags = tagsOf(traits, input, caller);
        const isReplaced = (by: Iterable<string>): boolean => [...by].some((tag) => tags.includes(tag));
        if (isReplaced(narrow)) expect(isReplaced(wide)).toBe(true);
      }
    }
  });

  it('nothing where it changes nothing', () => {
    expect(replacedBy([], { tenantId: 1 })).toEqual([]);
  });

  it('a few tags, however many answers there are', () => {
    expect(replacedBy([{ service: 'crm', resource: 'customer', id: '7' }], {})).toHaveLength(6);
  });
});

describe('tenants', () => {
  const READ_BY: Readonly<Record<string, readonly [caller: Caller, traits?: Traits]>> = {
    'tenant 1': [{ tenantId: 1 }],
    'tenant 1, in a workspace': [{ tenantId: '1', workspaceId: 9, personId: 3 }],
    'tenant 2': [{ tenantId: 2 }],
    'nobody’s tenant': [{}],
    'tenant 2, shared by all': [{ tenantId: 2 }, { cache: { vary: 'none' } }],
    'tenant 2, shared by the tenant': [{ tenantId: 2 }, { cache: { vary: 'tenant' } }],
  };

  it.each<[by: string, caller: Caller, purged: readonly string[]]>([
    ['tenant 1', { tenantId: 1 }, ['tenant 1', 'tenant 1, in a workspace', 'nobody’s tenant', 'tenant 2, shared by all']],
    ['tenant "1", whoever it is', { tenantId: '1', personId: 8 }, ['tenant 1', 'tenant 1, in a workspace', 'nobody’s tenant', 'tenant 2, shared by all']],
    ['tenant 3', { tenantId: 3 }, ['nobody’s tenant', 'tenant 2, shared by all']],
    ['nobody’s tenant', {}, Object.keys(READ_BY)],
  ])('are purged by %s: themselves, and what is read for all of them', (_, caller, purged) => {
    for (const changed of [{ service: 'crm' }, { service: 'crm', resource: 'customer' }, { service: 'crm', resource: 'customer', id: '7' }]) {
      const replaced = new Set(replacedBy([changed], caller));
      const hit = Object.entries(READ_BY).filter(([, [reader, traits]]) =>
        tagsOf({ reads: [CUSTOMER], ...traits }, { id: 7 }, reader).some((tag) => replaced.has(tag)),
      );
      expect(hit.map(([name]) => name)).toEqual(purged);
    }
  }); // prettier-ignore
});

describe('what an answer depends on', () => {
  it('is not what it was for another tenant, another input or another operation', () => {
    const traits: readonly Traits[] = [{ reads: [CUSTOMER] }, { reads: [{ resource: 'customer' }] }, {}];
    const operations = traits.map(operation);
    const callers: readonly Caller[] = [{ tenantId: 1 }, { tenantId: 2 }, {}, { tenantId: '1' }];
    for (const id of [1, 2]) {
      for (const [at, asked] of operations.entries()) {
        for (const caller of callers) {
          const anew = dependenciesOf(operation(traits[at] ?? {}), fieldsOf({ id }), caller);
          expect(dependenciesOf(asked, fieldsOf({ id }), caller)).toEqual(anew);
        }
      }
    }
  });

  it('begins with what is the same for every input, the wider first', () => {
    const { tags, fixed } = dependenciesOf(operation({ reads: [CUSTOMER] }), fieldsOf({ id: 7 }), {});
    expect(tags).toEqual(['all/crm', 'all/crm/customer', 'all/crm/customer/7']);
    expect(fixed).toBe(2);
  });

  describe('and is the same for every input', () => {
    /** An operation that counts how often somebody looks at what it reads. */
    function counted(traits: Traits = {}): { readonly made: () => number; readonly ask: (caller: Caller) => void } {
      let looked = 0;
      const asked = Object.defineProperty(operation(traits), 'reads', { get: () => ((looked += 1), [CUSTOMER]) });
      return { made: () => looked, ask: (caller) => void dependenciesOf(asked, fieldsOf({ id: 7 }), caller) };
    }

    it('is made once for each tenant, and once for all of them where they share the answer', () => {
      const [own, shared] = [counted(), counted({ cache: { vary: 'none' } })];
      for (const tenantId of [1, 2, '1', undefined, undefined, 2]) {
        own.ask({ tenantId });
        shared.ask({ tenantId });
      }
      expect([own.made(), shared.made()]).toEqual([3, 1]);
    });

    it('is kept for 10,000 of them at most, whatever operations they are of', () => {
      const [first, ...others] = Array.from({ length: 100 }, () => counted());
      first?.ask({ tenantId: 0 });
      for (const other of others) for (let tenantId = 0; tenantId < 110; tenantId += 1) other.ask({ tenantId });
      first?.ask({ tenantId: 0 });
      expect(first?.made()).toBe(2);
    });
  });

  it('has each tag once, however often it is named', () => {
    const reads = [CUSTOMER, CUSTOMER, { resource: 'customer' }, { resource: 'customer', id: 'other' }];
    const tags = tagsOf({ reads }, { id: 7, other: '7' }, { tenantId: 1 });
    expect(new Set(tags).size).toBe(tags.length);
  });

  it.each(['constructor', '__proto__', 'toString', 'length'])('is never what the input inherits: %s', (id) => {
    expect(tagsOf({ reads: [{ resource: 'customer', id }] }, {})).toEqual(
      tagsOf({ reads: [{ resource: 'customer' }] }),
    );
    expect(tagsOf({ reads: [{ resource: 'customer', id }] }, 'text')).toEqual(
      tagsOf({ reads: [{ resource: 'customer' }] }),
    );
  });

  it('is never what the input has from what it was made of', () => {
    const reads = [CUSTOMER];
    expect(tagsOf({ reads }, Object.create({ id: 7 }))).toEqual(tagsOf({ reads }, {}));
  });

  it('is what the input has under any name, also one that objects have', () => {
    const input = JSON.parse('{ "__proto__": 7 }') as unknown;
    expect(tagsOf({ reads: [{ resource: 'customer', id: '__proto__' }] }, input)).toContain('all/crm/customer/7');
  });
});

describe('what an operation changes', () => {
  const changes = (mutated: Operation['mutated'], input: unknown): Changed =>
    changedBy(operation({ mutates: true, ...(mutated && { mutated }) }), fieldsOf(input));

  it('is anything of its service where it names no resource', () => {
    expect(changes(undefined, { id: 7 })).toEqual({ service: 'crm' });
  });

  it.each<[id: unknown, text: string]>([
    [7, '7'],
    ['7', '7'],
    [0, '0'],
    ['', ''],
    [10n, '10'],
    [false, 'false'],
    [' ab1 ', ' ab1 '],
  ])('is the instance that its input names, as a text: %p', (id, text) => {
    expect(changes(CUSTOMER, { id })).toEqual({ service: 'crm', resource: 'customer', id: text });
  });

  it.each([undefined, null, {}, [7], Symbol('7'), (): number => 7])(
    'is the whole resource where an id is none: %p',
    (id) => {
      expect(changes(CUSTOMER, { id })).toEqual({ service: 'crm', resource: 'customer' });
      expect(changes(CUSTOMER, undefined)).toEqual({ service: 'crm', resource: 'customer' });
    },
  );
});
