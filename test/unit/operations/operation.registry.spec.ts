import { describe, expect, it } from '@jest/globals';
import { UnknownOperationError } from '../../../libs/orchestrator/src/errors/unknown-operation.error.js';
import type { OperationLookup, OperationTraits } from '../../../libs/orchestrator/src/operations/operation.js';
import {
  type BoundOperation,
  OperationRegistry,
} from '../../../libs/orchestrator/src/operations/operation.registry.js';

const operation = (name: string, traits: OperationTraits = {}): BoundOperation => ({
  ...traits,
  mutates: traits.mutates ?? false,
  service: 'shop',
  name,
  handler: `ShopController.${name}`,
  parameters: { inputs: [], declared: true, madePerCall: false },
  invoke: () => Promise.resolve(name),
});

function registryOf(operations: readonly BoundOperation[], lookup?: OperationLookup): OperationRegistry {
  const registry = new OperationRegistry();
  registry.addService('shop', lookup);
  for (const each of operations) registry.add(each, { type: class ShopController {}, methodName: each.name });
  return registry;
}

const step = (name: string, mutates?: boolean): Parameters<OperationRegistry['find']>[1] => ({
  step_id: 's1',
  operation: name,
  ...(mutates === undefined ? {} : { mutates }),
});

describe('the registry', () => {
  it('knows its services, and the operations of each', () => {
    const registry = registryOf([operation('save'), operation('get')]);
    registry.addService('idle');
    expect([registry.has('shop'), registry.has('idle'), registry.has('elsewhere')]).toEqual([true, true, false]);
    expect(['shop', 'idle', 'elsewhere'].map((service) => registry.names(service))).toEqual([['save', 'get'], [], []]);
  });

  it('answers with the operation itself where nobody adds to it', () => {
    const save = operation('save', { mutates: true, mutated: { resource: 'item', id: 'id' } });
    expect(registryOf([save], () => undefined).find('shop', step('save', false))).toBe(save);
  });

  it.each([
    ['get-itme', 'Service "shop" has no operation "get-itme". Did you mean "get-item"? It has: get-item, save.'],
    ['constructor', 'Service "shop" has no operation "constructor". It has: get-item, save.'],
  ])('refuses %s and says what exists', (name, message) => {
    const find = (): unknown => registryOf([operation('get-item'), operation('save')]).find('shop', step(name));
    expect(find).toThrow(UnknownOperationError);
    expect(find).toThrow(message);
  });

  it('says of a service without operations that it has none', () => {
    expect(() => registryOf([]).find('shop', step('save'))).toThrow(
      'It has none: is the controller listed in a module?',
    );
  });
});

describe('a message pattern that is no operation', () => {
  it('is told to whoever takes it for one, with the fix', () => {
    const registry = registryOf([operation('save')]);
    registry.addPlain('shop', 'plain', 'ShopController.plain');
    expect(() => registry.find('shop', step('plain'))).toThrow(
      'Service "shop" has no operation "plain". ShopController.plain is a @MessagePattern only: add ' +
        "@Operation('plain'), @Reads or @Mutates, or list it in operations.json.",
    );
    expect(registry.plainHandler('elsewhere', 'plain')).toBeUndefined();
    expect(registry.names('shop')).toEqual(['save']);
  });
});

describe('whether a step mutates', () => {
  it.each<[string, OperationTraits, boolean | undefined, ReturnType<OperationLookup>, boolean]>([
    ['is what the operation says', { mutates: true }, undefined, undefined, true],
    ['is no by default', {}, undefined, undefined, false],
    ['may be added by the step', {}, true, undefined, true],
    ['is not taken away by the step', { mutates: true }, false, undefined, true],
    ['may be added by a lookup', {}, undefined, { mutates: true }, true],
    ['is not taken away by a lookup', { mutates: true }, undefined, { mutates: false }, true],
  ])('%s', (_, traits, ofStep, ofLookup, expected) => {
    const registry = registryOf([operation('save', traits)], () => ofLookup);
    expect(registry.find('shop', step('save', ofStep)).mutates).toBe(expected);
  });

  it('is asked of the lookup with the service and the step, at every step', () => {
    const asked: unknown[] = [];
    const registry = registryOf([operation('save')], (service, { step_id, operation: name }) => {
      asked.push([service, step_id, name]);
      return undefined;
    });
    registry.find('shop', step('save'));
    registry.find('shop', step('save'));
    expect(asked).toEqual([
      ['shop', 's1', 'save'],
      ['shop', 's1', 'save'],
    ]);
  });
});

describe('the resource that a lookup names', () => {
  const item = { resource: 'item', id: 'id' };

  it.each<[string, OperationTraits, string, OperationTraits['mutated']]>([
    ['counts where nothing is declared', {}, 'item', { resource: 'item' }],
    ['leaves the id of the same declared resource', { mutates: true, mutated: item }, 'item', item],
    ['widens another declared one to anything of the service', { mutates: true, mutated: item }, 'order', undefined],
    ['does not narrow a mutation of anything', { mutates: true }, 'item', undefined],
  ])('%s', (_, traits, resource, expected) => {
    const registry = registryOf([operation('save', traits)], () => ({ mutates: true, resource_type: resource }));
    expect(registry.find('shop', step('save')).mutated).toEqual(expected);
  });
});

describe('a lookup that fails', () => {
  it('fails the step, before any handler could run', () => {
    const registry = registryOf([operation('save')], () => {
      throw new TypeError('no table');
    });
    expect(() => registry.find('shop', step('save'))).toThrow(new TypeError('no table'));
  });

  it.each<[string, unknown, string]>([
    ['a promise, which nobody awaits', Promise.resolve({ mutates: true }), 'an object'],
    ['a word for a boolean', { mutates: 'yes' }, 'an object'],
    ['null', null, 'null'],
  ])('by answering %s is told so, and not taken for a read', (_, answer, found) => {
    const registry = registryOf([operation('save')], () => answer as undefined);
    expect(() => registry.find('shop', step('save'))).toThrow(
      `The operations lookup of service "shop" answered ${found} for step "s1". It must answer`,
    );
  });
});
