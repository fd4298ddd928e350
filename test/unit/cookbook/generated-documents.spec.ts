import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DEFAULT_LIMITS } from '../../../libs/orchestrator/src/message/limits.js';
import { book, frozen, parse } from '../../support/cookbook-documents.js';

describe('any valid cookbook', () => {
  /** Builds a step, taking ids from a counter. */
  type Build = (ids: { next: number }) => object;
  const build =
    (more: object): Build =>
    (ids) => ({ ...more, step_id: `s${(ids.next += 1)}` });
  const all = (builds: readonly Build[], ids: { next: number }) => builds.map((each) => each(ids));

  const count = fc.integer({ min: 1, max: 20 });
  const retry = fc.record({ maxAttempts: count, delay_ms: count }, { requiredKeys: [] });
  const more = fc.record({ timeoutMs: count, retry, note: fc.jsonValue({ maxDepth: 1 }) }, { requiredKeys: [] });
  const task = fc
    .record({ more, input: fc.jsonValue({ maxDepth: 2 }) })
    .map(({ more, input }) => build({ ...more, type: 'task', service: 's', operation: 'o', input }));
  const wait = count.map((durationMs) => build({ type: 'wait', durationMs }));
  const { step } = fc.letrec<{ step: Build; steps: Build[] }>((tie) => {
    const steps = tie('steps');
    const one = tie('step');
    return {
      steps: fc.array(one, { minLength: 1, maxLength: 3 }),
      step: fc.oneof(
        { maxDepth: 3 },
        task,
        wait,
        steps.map(
          (inner): Build =>
            (ids) =>
              build({ type: 'steps', steps: all(inner, ids) })(ids),
        ),
        fc.tuple(steps, count).map(
          ([body, concurrency]): Build =>
            (ids) =>
              build({ type: 'foreach', iterator: '{{api_input.l}}', concurrency, body: all(body, ids) })(ids),
        ),
        fc.tuple(one, one).map(
          ([hit, miss]): Build =>
            (ids) =>
              build({ type: 'switch', expression: 'x', cases: { x: hit(ids) }, default: miss(ids) })(ids),
        ),
        fc.tuple(one, steps).map(
          ([left, right]): Build =>
            (ids) =>
              build({ type: 'fork_join', branches: { l: left(ids), r: all(right, ids) }, join: { strategy: 'last' } })(
                ids,
              ),
        ),
      ),
    };
  });
  const cookbooks = fc.array(step, { minLength: 1, maxLength: 4 }).map((steps) => book(all(steps, { next: 0 })));

  it('parses, and parsing what came of it changes nothing more', () => {
    const limits = { ...DEFAULT_LIMITS, steps: Infinity };
    fc.assert(
      fc.property(cookbooks, (document) => {
        const cookbook = parse(frozen(document), { limits });
        expect(parse(cookbook, { limits })).toEqual(cookbook);
        expect(JSON.stringify(cookbook)).not.toMatch(/"(timeoutMs|durationMs|maxAttempts)"/);
      }),
    );
  });
});
