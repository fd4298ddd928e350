import { expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { VirtualClock } from '../../../libs/orchestrator/src/testing/virtual-clock.js';
import { SeldomLogger } from '../../../libs/orchestrator/src/utils/seldom-logger.js';

it('writes one line of a kind now and then, and says how many there were beside it', async () => {
  const [clock, lines] = [new VirtualClock(), [] as string[]];
  const logger = Object.assign(new Logger(), { warn: (line: string) => lines.push(line) });
  const seldom = new SeldomLogger(logger, clock);
  for (const run of ['a', 'b', 'c']) seldom.warn('away', `run ${run}`);
  seldom.warn('other', 'run d');
  await clock.advance(31_000);
  seldom.warn('away', 'run e');
  await clock.advance(31_000);
  seldom.warn('away', 'run f');
  expect(lines).toEqual(['run a', 'run d', 'run e (2 more like this since the last such line)', 'run f']);
});
