import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Fifo } from '../../../libs/orchestrator/src/utils/fifo.js';

describe('a Fifo', () => {
  it('does what an array with push and shift does, in whatever order it is used', () => {
    const use = fc.oneof(fc.record({ push: fc.nat() }), fc.constant('shift' as const));
    fc.assert(
      fc.property(fc.array(use, { maxLength: 100 }), (uses) => {
        const fifo = new Fifo<number>();
        const model: number[] = [];
        for (const step of uses) {
          if (step === 'shift') expect(fifo.shift()).toBe(model.shift());
          else {
            fifo.push(step.push);
            model.push(step.push);
          }
          expect(fifo.size).toBe(model.length);
        }
      }),
    );
  });
});
