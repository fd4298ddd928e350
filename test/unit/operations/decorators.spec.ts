import { describe, expect, it } from '@jest/globals';
import { declarationsOf, lostMetadata } from '../../../libs/orchestrator/src/decorators/metadata.js';
import { Mutates } from '../../../libs/orchestrator/src/decorators/mutates.decorator.js';
import { Operation } from '../../../libs/orchestrator/src/decorators/operation.decorator.js';
import { Reads } from '../../../libs/orchestrator/src/decorators/reads.decorator.js';
import { Sensitive } from '../../../libs/orchestrator/src/decorators/sensitive.decorator.js';
import { ConfigurationError } from '../../../libs/orchestrator/src/errors/configuration.error.js';

interface ItemDto {
  id: number;
  pin: string;
}

class Items {
  @Operation('statement', { cache: { ttl: '1m' } })
  @Reads<ItemDto>('invoice')
  @Reads<ItemDto>('customer', { id: 'id', service: 'crm' })
  statement(): void {
    return;
  }

  @Mutates<ItemDto>('item', { id: 'id' })
  @Sensitive<ItemDto>('pin')
  save(): void {
    return;
  }

  @Mutates()
  reset(): void {
    return;
  }

  plain(): void {
    return;
  }
}

const methods = Items.prototype as unknown as Record<keyof Items, object>;
const said = (method: keyof Items): unknown => Object.fromEntries(declarationsOf(methods[method]) ?? []);

const wrapping =
  (keep: boolean): MethodDecorator =>
  (_, __, descriptor) => {
    const inner = descriptor.value as unknown as object;
    const wrapper = (): void => undefined;
    if (keep) {
      for (const key of Reflect.getMetadataKeys(inner) as unknown[]) {
        Reflect.defineMetadata(key, Reflect.getMetadata(key, inner), wrapper);
      }
    }
    descriptor.value = wrapper as never;
  };

describe('decorators of a handler', () => {
  it('say what each was given, and @Reads adds up in the order it is read', () => {
    expect(said('statement')).toEqual({
      '@Operation': { name: 'statement', traits: { cache: { ttl: '1m' } } },
      '@Reads': { traits: { reads: [{ resource: 'invoice' }, { resource: 'customer', id: 'id', service: 'crm' }] } },
    });
    expect(said('save')).toEqual({
      '@Mutates': { traits: { mutates: true, mutated: { resource: 'item', id: 'id' } } },
      '@Sensitive': { traits: { sensitiveInputFields: ['pin'] } },
    });
    expect(said('reset')).toEqual({ '@Mutates': { traits: { mutates: true } } });
    expect(declarationsOf(methods.plain)).toBeUndefined();
  });

  it('refuse to be said twice, because the second would silently win', () => {
    expect(() => {
      class Twice {
        @Mutates('a')
        @Mutates('b')
        save(): void {
          return;
        }
      }
      return Twice;
    }).toThrow(
      new ConfigurationError(
        '@Mutates on Twice.save stands there twice: say it once. A handler changes one resource: change another within ' +
          'stepCache.mutation(), or say @Mutates(): anything of the service.',
      ),
    );
  });
});

/** What a decorator, typed or not, says when it is put on a method. */
function refusal(decorate: () => unknown): string {
  class Orders {
    change(): void {
      return;
    }
  }
  const descriptor = Object.getOwnPropertyDescriptor(Orders.prototype, 'change');
  try {
    (decorate() as (...on: unknown[]) => unknown)(Orders.prototype, 'change', descriptor);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return (error as Error).message;
  }
  throw new Error('it was accepted');
}

describe('a decorator that cannot mean what it says is refused where it stands', () => {
  const [mutates, reads, operation] = [Mutates, Reads, Operation] as unknown as ((...said: unknown[]) => unknown)[];

  it.each<[string, () => unknown, string, string]>([
    ['@Mutates', () => mutates?.(['a', 'b']), 'mutated.resource must be of type string (found an array of 2)', 'Name one resource, a text'],
    ['@Mutates', () => mutates?.(5), 'mutated.resource must be of type string (found 5)', 'Name one resource, a text'],
    ['@Mutates', () => mutates?.(''), 'mutated.resource must NOT have fewer than 1 characters (found "")', 'Name one resource'],
    ['@Mutates', () => mutates?.('order', 'order_id'), 'mutated must be of type object (found "order_id")', 'beside it { "id"? }'],
    ['@Mutates', () => mutates?.('order', { ids: 'id' }), 'mutated.ids is not allowed (found "id")', 'Remove "ids". Did you mean "id"?'],
    ['@Mutates', () => mutates?.('order', { id: () => 'id' }), 'mutated.id must be of type string (found a function)', 'Name the input field'],
    ['@Mutates', () => mutates?.('order', { service: 'crm' }), 'mutated.service is not allowed (found "crm")', 'leave the service out'],
    ['@Reads', () => reads?.(5), 'reads[0].resource must be of type string (found 5)', 'Name the resource, a text.'],
    ['@Reads', () => reads?.(''), 'reads[0].resource must NOT have fewer than 1 characters', 'Name the resource, a text.'],
    ['@Operation', () => operation?.('get', { cache: { vary: 'user' } }), 'cache.vary must be one of "person", "workspace"', '(found "user"). Give one of them: who shares an answer.'],
    ['@Reads', () => reads?.(), 'reads[0].resource is missing (found nothing)', 'Name the resource, a text.'],
    ['@Reads', () => reads?.('order', { servce: 'crm' }), 'reads[0].servce is not allowed', 'Did you mean "service"?'],
    ['@Operation', () => operation?.('get', { cache: { tttl: '1m' } }), 'cache.tttl is not allowed (found "1m")', 'Did you mean "ttl"?'],
    ['@Operation', () => operation?.('get', { cache: true }), 'cache is not allowed (found true)', 'Give false, or { "ttl"?'],
    ['@Operation', () => operation?.('get', { chache: false }), 'chache is not allowed (found false)', 'Did you mean "cache"?'],
  ])('%s: %#', (decorator, decorate, found, fix) => {
    const message = refusal(decorate);
    expect(message).toMatch(new RegExp(`^${decorator} on Orders\\.change cannot be meant:`));
    expect(message).toContain(found);
    expect(message).toContain(fix);
    expect(message.split('\n')).toHaveLength(2); // one mistake, one line
  }); // prettier-ignore

  it.each(Object.entries({ Mutates, Reads, Operation, Sensitive }))('@%s without parentheses', (name, bare) => {
    expect(refusal(() => bare)).toBe(`@${name} on Orders.change lacks its parentheses: write @${name}(…).`);
  });
});

describe('a wrapper around a handler', () => {
  it('is noticed when it drops metadata, and not when it copies it', () => {
    class Wrapped {
      @wrapping(false) @Operation('a') dropped(): void {
        return;
      }
      @wrapping(true) @Operation('b') kept(): void {
        return;
      }
      @Mutates() @wrapping(false) @Operation('c') between(): void {
        return;
      }
    }
    expect(lostMetadata(Wrapped.prototype, 'dropped')).toEqual(['orchestrator:operation']);
    expect(lostMetadata(Wrapped.prototype, 'kept')).toEqual([]);
    expect(lostMetadata(Wrapped.prototype, 'between')).toEqual([]);
  });

  it('is not confused with an override in a subclass', () => {
    class Special extends Items {
      override save(): void {
        return;
      }
    }
    expect(lostMetadata(Special.prototype, 'save')).toEqual([]);
    expect(lostMetadata(Special.prototype, 'statement')).toEqual([]);
  });
});
