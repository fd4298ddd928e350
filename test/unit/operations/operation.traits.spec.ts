import { describe, expect, it } from '@jest/globals';
import { ConfigurationError } from '../../../libs/orchestrator/src/errors/configuration.error.js';
import type { OperationTraits } from '../../../libs/orchestrator/src/operations/operation.js';
import { mergeTraits } from '../../../libs/orchestrator/src/operations/operation.traits.js';

const OF = 'operation "save" of "shop"';
const merge = (decorated: OperationTraits, listed: OperationTraits): OperationTraits =>
  mergeTraits(OF, [
    { place: '@Operation on ItemsController.save', traits: decorated },
    { place: 'operations.json', traits: listed },
  ]);

describe('what two places say of an operation', () => {
  it('adds up', () => {
    expect(merge({ mutates: true }, { cache: false, sensitiveInputFields: ['pin'] })).toEqual({
      mutates: true,
      cache: false,
      sensitiveInputFields: ['pin'],
    });
  });

  it.each<[string, OperationTraits, OperationTraits]>([
    ['the same', { mutates: true }, { mutates: true }],
    [
      'the same resources in another order',
      { reads: [{ resource: 'a' }, { resource: 'b', id: 'id' }] },
      { reads: [{ id: 'id', resource: 'b' }, { resource: 'a' }] },
    ],
    ['the same fields in another order', { sensitiveInputFields: ['a', 'b'] }, { sensitiveInputFields: ['b', 'a'] }],
    ['the same schema', { input: { type: 'object', required: ['a'] } }, { input: { required: ['a'], type: 'object' } }],
  ])('may be said twice: %s', (_, decorated, listed) => {
    expect(merge(decorated, listed)).toEqual(decorated);
  });

  it('may leave the id of a resource to the other', () => {
    const whole = { mutated: { resource: 'item', id: 'id' } };
    expect(merge({ mutated: { resource: 'item' } }, whole)).toEqual(whole);
    expect(merge(whole, { mutated: { resource: 'item' } })).toEqual(whole);
  });

  it.each<[string, OperationTraits, OperationTraits]>([
    ['mutates', { mutates: true }, { mutates: false }],
    ['mutated', { mutated: { resource: 'item' } }, { mutated: { resource: 'order' } }],
    ['mutated', { mutated: { resource: 'item', id: 'id' } }, { mutated: { resource: 'item', id: 'item_id' } }],
    ['reads', { reads: [{ resource: 'item' }] }, { reads: [{ resource: 'item', id: 'id' }] }],
    ['sensitiveInputFields', { sensitiveInputFields: ['a'] }, { sensitiveInputFields: ['a', 'b'] }],
    ['input', { input: { prefixItems: [{}, true] } }, { input: { prefixItems: [true, {}] } }],
    ['cache', { cache: { ttl: '1m' } }, { cache: { ttl: '60s' } }],
  ])('may not differ: %s', (key, decorated, listed) => {
    expect(() => merge(decorated, listed)).toThrow(ConfigurationError);
    expect(() => merge(decorated, listed)).toThrow(`${key} of ${OF} is said twice and differently: `);
    expect(() => merge(decorated, listed)).toThrow(
      /by @Operation on ItemsController\.save, .* by operations\.json\. Say it/,
    );
  });
});

describe('a trait that cannot be meant is refused, with its place and the fix', () => {
  it.each<[string, OperationTraits]>([
    ['reads', { reads: ['a', 'b', 'c', 'd', 'e'].map((resource) => ({ resource })) }],
    ['sensitiveInputFields', { sensitiveInputFields: ['pin', ''] }],
    ['mutated', { mutated: { resource: '' } }],
    ['cache', { cache: { ttl: 'soon' } }],
    ['cache', { cache: { ttl: '0s' } }],
    ['cache', { cache: { key: 'lang' as never } }],
  ])('%s', (key, traits) => {
    expect(() => merge({}, traits)).toThrow(new RegExp(`^${key} of ${OF} cannot be .* \\(operations\\.json\\)\\. `));
  });

  it('and what can be is not', () => {
    const traits = { reads: ['a', 'b', 'c', 'd'].map((resource) => ({ resource })), cache: { ttl: '5m' } };
    expect(merge(traits, { cache: { ttl: '5m' } })).toEqual(traits);
  });
});
