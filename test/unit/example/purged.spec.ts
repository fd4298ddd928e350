import { describe, expect, it } from '@jest/globals';
import { replacedBy } from '../../../libs/orchestrator/src/cache/tags.js';
import { purgedBy } from '../../../src/demo/purged.js';

describe('what a purge replaced', () => {
  it.each([
    ['one instance', [{ service: 'orders', resource: 'order', id: 'O-1' }], ['order O-1']],
    ['a whole resource', [{ service: 'orders', resource: 'order' }], ['order']],
    ['anything of a service', [{ service: 'orders' }], ['all of orders']],
    ['names with marks in them', [{ service: 'a/b', resource: '~any', id: '~/50%' }], ['~any ~/50%']],
    ['letters beyond ASCII', [{ service: 'orders', resource: 'größe', id: 'é' }], ['größe é']],
    [
      'several things',
      [
        { service: 'catalog', resource: 'stock', id: 'mug' },
        { service: 'catalog', resource: 'product', id: 'mug' },
      ],
      ['stock mug', 'product mug'],
    ],
  ])('is said as people say it: %s', (_, changes, said) => {
    for (const caller of [{ tenantId: 'harbour/home' }, {}])
      expect(purgedBy(replacedBy(changes, caller))).toEqual(said);
  });

  it('is nothing where there are no tags', () => {
    expect(purgedBy([])).toEqual([]);
  });
});
