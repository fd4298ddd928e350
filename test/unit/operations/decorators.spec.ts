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
    }).toThrow(new ConfigurationError('@Mutates stands twice on one handler: say it once.'));
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
