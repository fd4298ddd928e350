import { describe, expect, it } from '@jest/globals';
import { advance, resume } from '../../../libs/orchestrator/src/engine/advance.js';
import { restore } from '../../../libs/orchestrator/src/engine/checkpoint.js';
import { join, split, walk } from '../../../libs/orchestrator/src/engine/parts.js';
import { nodeOf, planOf } from '../../../libs/orchestrator/src/engine/plan.js';
import { RunScope } from '../../../libs/orchestrator/src/engine/run-scope.js';
import type { Transition } from '../../../libs/orchestrator/src/engine/transition.js';
import { OrchestratorError } from '../../../libs/orchestrator/src/errors/orchestrator.error.js';
import { API_INPUT, generateCookbook } from '../../support/random/cookbooks.js';
import { type Call, callsOf, checkOrder, interpret, timeless } from '../../support/random/interpreter.js';
import { answer, type OperationName } from '../../support/random/library.js';
import { environment, failure, hopped, messageOf, NOW } from './drive.js';

interface Setting {
  readonly hops: 'per task' | 'coalesced';
  readonly parts: 'split' | 'walk';
}

/** Runs a cookbook through the engine alone. */
function execute(seed: number, { hops, parts }: Setting) {
  const plan = planOf(generateCookbook(seed), environment);
  const message = messageOf(plan, { cookbook: { ...plan.cookbook, api_input: API_INPUT } });
  const calls: Call[] = [];

  const drive = (from: Transition, inPart: boolean): Transition => {
    let transition = from;
    for (let moves = 0; moves < 5_000; moves += 1) {
      const { run } = transition;
      if (transition.kind === 'fork' && parts === 'split') {
        const ends = split(run, 1).map((part) => drive(resume(part), true));
        const arrived = ends.map((end) => (end.kind === 'arrive' ? end : undefined)).filter((end) => end !== undefined);
        const joined = join(
          (arrived[0] as Transition).run,
          Object.fromEntries(arrived.map((end) => [end.part, end.result])),
        );
        joined.now = Math.max(...ends.map((end) => end.run.now));
        transition = resume(joined);
      } else if (transition.kind === 'fork') {
        walk(run, 1);
        transition = resume(run);
      } else if (transition.kind === 'execute' || transition.kind === 'forward') {
        run.now += 1;
        if (transition.kind === 'forward') {
          transition = resume({ ...run, here: transition.service });
        } else {
          const next = advance(run, perform(transition, calls));
          transition =
            hops === 'per task' && !inPart && ['execute', 'delay', 'fork', 'forward'].includes(next.kind)
              ? hopped(next)
              : next;
        }
      } else if (transition.kind === 'delay') {
        run.now = 'until' in transition ? transition.until : run.now + transition.ms;
        transition = resume(run);
      } else {
        return transition;
      }
    }
    throw new Error(`seed ${seed} does not end`);
  };

  const end = drive(resume(restore(message, plan, 'alpha', NOW)), false);
  return { end, calls, expected: interpret(plan.cookbook, API_INPUT, 'w') };
}

function perform({ run, step, path }: Transition & { readonly kind: 'execute' }, calls: Call[]) {
  const scope = new RunScope(run, { service: step.service, step_id: step.step_id, workflow_id: 'w' });
  let input: unknown;
  try {
    input = nodeOf(run.plan, step.step_id).input().resolve(scope, { mode: 'strict', helpers: {} });
  } catch (error) {
    if (!(error instanceof OrchestratorError)) throw error;
    return { kind: 'failed', failure: failure({ code: error.code, source: 'engine' }) } as const;
  }
  calls.push({ service: step.service, operation: step.operation, path, attempt: run.attempt, input });
  const { output, error } = answer(step.operation as OperationName, input, run.attempt);
  if (error === undefined)
    return {
      kind: 'completed',
      output: output === undefined ? undefined : (JSON.parse(JSON.stringify(output)) as unknown),
    } as const;
  return { kind: 'failed', failure: failure({ ...error, retryable: error.status === 503 }) } as const;
}

const plain = (value: unknown): unknown => JSON.parse(timeless(value));
const tell = ({ path, attempt, operation, input }: Call): string =>
  `${path}#${attempt} ${operation} ${timeless(input)}`;

const SETTINGS: Setting[] = [
  { hops: 'coalesced', parts: 'split' },
  { hops: 'coalesced', parts: 'walk' },
  { hops: 'per task', parts: 'walk' },
  { hops: 'per task', parts: 'split' },
];

describe.each(SETTINGS)('the engine, hops $hops, parts by $parts', (setting) => {
  it('does what a recursive interpreter does: outputs, failure, calls and their order, in 1,000 cookbooks', () => {
    for (let seed = 1; seed <= 1_000; seed += 1) {
      const { end, calls, expected } = execute(seed, setting);
      const seen = {
        seed,
        status: end.kind === 'complete' ? 'completed' : 'failed',
        output: end.kind === 'complete' ? plain(end.output) : null,
        steps: plain(Object.fromEntries(end.run.outputs)),
        failure:
          end.kind === 'fail'
            ? { path: end.failure.path, code: end.failure.code, attempts: end.failure.attempts }
            : undefined,
        calls: calls.map(tell).sort(),
      };
      const { status, output, steps, failure: why, trace } = expected;
      const wanted = callsOf(trace).map(tell).sort();
      expect(seen).toEqual({ seed, status, output: plain(output), steps: plain(steps), failure: why, calls: wanted });
      expect({ seed, wrong: checkOrder(trace, calls) }).toEqual({ seed, wrong: undefined });
    }
  });
});
