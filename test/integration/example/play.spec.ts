import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AppModule } from '../../../src/app.module.js';
import { attemptsOf } from '../../../src/demo/attempts.js';
import { play, playAgain } from '../../../src/demo/play.js';
import { type Scenario, SCENARIOS } from '../../../src/demo/scenarios.js';
import { type RunEvent, type Stage, stageOf } from '../../../src/demo/stage.js';
import { until } from '../../support/until.js';

let app: INestApplicationContext;
let stage: Stage;
beforeAll(async () => {
  app = await NestFactory.createApplicationContext(AppModule, { logger: false });
  stage = stageOf(app);
});
afterAll(() => app.close());

const scenarios = (...names: string[]): Scenario[] => SCENARIOS.filter(({ cookbook }) => names.includes(cookbook));

it('watches the run it plays and no other, though others have events at the same time', async () => {
  const plays = scenarios('restock', 'quote', 'fraud-rejected').map(async (scenario) => {
    const watched: RunEvent[] = [];
    const { events } = await play(scenario, stage, (event) => watched.push(event));
    expect(watched).toEqual(events);
    return new Set(events.map(({ workflow_id }) => workflow_id));
  });
  const ids = await Promise.all(plays);
  expect(ids.length).toBeGreaterThan(2);
  expect(ids.map(({ size }) => size)).toEqual(ids.map(() => 1));
  expect(new Set(ids.flatMap((id) => [...id])).size).toBe(ids.length);
});

it('reports a failure as an ending, with what the scenario advises', async () => {
  for (const scenario of scenarios('fraud-rejected')) {
    expect(await play(scenario, stage, () => undefined)).toMatchObject({
      ending: { kind: 'failed', failure: { code: 'FRAUD_SUSPECTED' } },
      asMeant: true,
      advice: scenario.advice,
    });
    expect(await play({ ...scenario, failsWith: 'ANOTHER' }, stage, () => undefined)).toMatchObject({
      asMeant: false,
    });
  }
});

describe('a run that is played again', () => {
  const mended = SCENARIOS.flatMap(({ mendedBy, ...scenario }) => (mendedBy === undefined ? [] : [{ scenario, mendedBy }])); // prettier-ignore

  it.each(mended)(
    'completes once its cause is mended, with what it had come to before',
    async ({ scenario, mendedBy }) => {
      // prettier-ignore
      const failed = await play(scenario, stage, () => undefined);
      expect(failed).toMatchObject({ ending: { kind: 'failed', failure: { code: 'OUT_OF_STOCK' } }, asMeant: true });
      await until(async () => (await stage.orchestrator.failed.get(failed.workflowId)) !== undefined);
      const inVain = await playAgain(scenario, failed, stage, () => undefined);
      expect(inVain).toMatchObject({ ending: { kind: 'failed', failure: { code: 'OUT_OF_STOCK' } }, asMeant: false });

      expect(await play(mendedBy, stage, () => undefined)).toMatchObject({ asMeant: true });
      const again = await playAgain(scenario, inVain, stage, () => undefined);
      expect(again).toMatchObject({ ending: { kind: 'completed', output: { status: 'confirmed' } }, asMeant: true });
      expect(again.advice).toBeUndefined();
      const rounds = attemptsOf(again.events).filter(({ path }) => path === 'reservation' || path === 'order');
      expect(rounds.map(({ path, round, outcome, purged }) => [path, round, outcome, purged])).toEqual([
        ['order', 0, 'completed', ['order']],
        ['reservation', 0, 'failed', ['stock']],
        ['reservation', 1, 'failed', ['stock']],
        ['reservation', 2, 'completed', ['stock']],
      ]);
    },
  );

  it('is one of the demo', () => {
    expect(mended).toHaveLength(1);
  });
});
