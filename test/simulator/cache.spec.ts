import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { MemoryCoherence } from '../../libs/orchestrator/src/cache/memory/memory.coherence.js';
import { Brackets } from '../../libs/orchestrator/src/cache/brackets.js';
import { StepCoherence } from '../../libs/orchestrator/src/execution/step-coherence.js';
import { serviceOf } from '../../libs/orchestrator/src/testing/service-of.js';
import {
  type FaultPlan,
  OneFault,
  type PortCall,
  type Verdict,
} from '../../libs/orchestrator/src/testing/simulator/fault-plan.js';
import type { History } from '../../libs/orchestrator/src/testing/simulator/history.js';
import { Simulation, type SimulationOptions } from '../../libs/orchestrator/src/testing/simulator/simulation.js';

const FAULTLESS = new OneFault(-1, 'pass');
const NOT_FOUND = 'not found';

/** What the services change: by name, how often. */
let versions: Map<string, number>;
const change = ({ id }: { id: string }): number => {
  const next = (versions.get(id) ?? 0) + 1;
  versions.set(id, next);
  return next;
};
const OPERATIONS = {
  reads: { read: ({ id }: { id: string }) => versions.get(id) ?? NOT_FOUND },
  mutates: { change },
};
const open = (options: SimulationOptions = {}): Promise<Simulation> =>
  Simulation.open(
    { imports: [serviceOf('alpha', OPERATIONS), serviceOf('beta', OPERATIONS)] },
    { cached: true, ...options },
  );

let simulation: Simulation;
beforeEach(() => {
  versions = new Map();
});
afterEach(() => simulation.close());

/** Faults by call of the run; a failure only of what can fail. */
class Planned extends OneFault {
  private call = 0;

  constructor(
    private readonly faults: ReadonlyMap<number, Verdict>,
    redeliverIn: number,
  ) {
    super(-1, 'pass', redeliverIn);
  }

  override verdict(port?: PortCall): Verdict {
    const verdict = this.faults.get(this.call) ?? 'pass';
    this.call += 1;
    const fails = verdict === 'fail-before' || verdict === 'fail-after';
    return fails && (port === 'handle' || port === 'acknowledge') ? 'pass' : verdict;
  }
}

const task = (step_id: string, service: string, operation: string, input: object): object => ({
  step_id,
  type: 'task',
  service,
  operation,
  input,
});
const cookbook = (...steps: object[]): object => ({ version: '2.1.0', steps });
const read = (id: string, service = 'alpha'): object => task(`${id}-of-${service}`, service, 'read', { id });
const twice = cookbook(
  read('a'),
  task('first', 'alpha', 'change', { id: 'a' }),
  task('seen', 'alpha', 'read', { id: 'a' }),
  task('second', 'alpha', 'change', { id: 'a' }),
  task('there', 'beta', 'change', { id: 'b' }),
  task('last', 'beta', 'read', { id: 'b' }),
);
const reading = cookbook(read('a'), read('b', 'beta'));

async function play(document: object, plan: FaultPlan, seed = 1): Promise<History> {
  return simulation.run(
    () => simulation.orchestrator('alpha').start(document, { workflowId: 'simulated' }),
    seed,
    plan,
  );
}

/** Outputs by step of a run that has ended, as its terminal tells them. */
function outputsOf({ terminals }: History): Readonly<Record<string, unknown>> {
  const { steps = {} } = JSON.parse(terminals.at(-1)?.body ?? '{}') as { steps?: Readonly<Record<string, unknown>> };
  return steps;
}

/** What is wrong after a run in which something happened: answers from before what its reader had been told. */
async function staleAfter(plan: FaultPlan, seed: number): Promise<string[]> {
  await play(reading, FAULTLESS); // everything is cached
  const outputs = outputsOf(await play(twice, plan, seed));
  const wrong: string[] = [];
  const older = (reader: string, writer: string): void => {
    if (outputs[reader] === undefined || outputs[writer] === undefined) return;
    if (outputs[reader] === NOT_FOUND || Number(outputs[reader]) < Number(outputs[writer])) {
      wrong.push(
        `${reader} answered ${JSON.stringify(outputs[reader])} after ${writer} had made ${JSON.stringify(outputs[writer])} of it`,
      );
    }
  };
  older('seen', 'first');
  older('last', 'there');
  const after = outputsOf(await play(reading, FAULTLESS));
  const now = { 'a-of-alpha': versions.get('a') ?? NOT_FOUND, 'b-of-beta': versions.get('b') ?? NOT_FOUND };
  for (const [step, value] of Object.entries(now)) {
    if (after[step] !== value)
      wrong.push(`${step} answers ${String(after[step])} after the run has ended; it is ${String(value)}`);
  }
  return wrong;
}

/** What is wrong, over every call of the run at which these happen, one call after the other. */
async function staleAround(...verdicts: readonly Verdict[]): Promise<string[]> {
  const { calls } = await play(twice, FAULTLESS);
  expect(calls).toBeGreaterThan(15);
  const found: string[] = [];
  for (let call = 0; call < calls; call += 1) {
    for (const redeliverIn of [0, 90_000]) {
      const faults = new Map(verdicts.map((verdict, after) => [call + after, verdict]));
      const stale = await staleAfter(new Planned(faults, redeliverIn), call);
      found.push(...stale.map((each) => `call ${call}: ${each}`));
    }
  }
  return found;
}

describe('a run that changes what is cached', () => {
  it('is answered from the cache where nothing has changed', async () => {
    simulation = await open();
    await play(reading, FAULTLESS);
    versions.set('a', 7); // behind the back of the cache
    expect(outputsOf(await play(reading, FAULTLESS))).toMatchObject({ 'a-of-alpha': NOT_FOUND });
  }, 60_000);

  it.each<readonly [readonly Verdict[]]>([
    [['crash-before']],
    [['crash-after']],
    [['fail-before']],
    [['fail-after']],
    [['fail-before', 'crash-after']],
    [['cancel']],
    [['cancel', 'crash-before']],
    [['stall']],
    [['slow']],
  ])(
    'leaves nothing old behind, whichever call meets %j',
    async (verdicts) => {
      simulation = await open();
      expect(await staleAround(...verdicts)).toEqual([]);
    },
    60_000,
  );
});

describe('the check sees', () => {
  const planted = (plant: (simulation: Simulation) => void): Promise<void> =>
    open().then((opened) => {
      simulation = opened;
      plant(opened);
    });

  it('a purge that is taken for done before it is', async () => {
    await planted(({ app }) => {
      const tokens = app.get(MemoryCoherence, { strict: false });
      tokens.purge = () => Promise.resolve();
    });
    expect(await staleAround('crash-after')).not.toEqual([]);
  }, 60_000);

  it('an end of a run that does not purge what an earlier delivery may have changed', async () => {
    await planted(({ app }) => {
      for (const coherence of app.get(StepCoherence, { strict: false, each: true })) {
        coherence.unfinished = () => Promise.resolve();
      }
    });
    expect(await staleAround('cancel', 'crash-before')).not.toEqual([]);
  }, 60_000);

  it('a purge that failed and is not owed', async () => {
    await planted(({ app }) => {
      for (const brackets of app.get(Brackets, { strict: false, each: true })) {
        const purge = brackets.purge.bind(brackets);
        brackets.purge = async (...of) => (await purge(...of)) || true;
      }
    });
    expect(await staleAround('fail-before')).not.toEqual([]);
  }, 60_000);
});
