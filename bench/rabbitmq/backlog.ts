import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { getOrchestratorToken } from '../../libs/orchestrator/src/decorators/inject-orchestrator.decorator.js';
import type { WorkflowOrchestrator } from '../../libs/orchestrator/src/orchestrator.service.js';
import { rabbitmq } from '../../libs/orchestrator/src/rabbitmq.js';
import { serviceOf } from '../../libs/orchestrator/src/testing/service-of.js';
import { inFlight, PAYLOAD, PREFETCH } from './contender.js';
import { forget } from './ours.js';
import type { Seen, Word, Worker } from './worker.js';

const PROGRAM = new URL('./worker.js', import.meta.url);
/** Runs after which a process is as large as working makes it. */
const WARMING_UP = 1_000;
const IN_FLIGHT = 100;

/** MB that a process holds resident: its hands full, and at most while so many messages wait, and are worked off. */
export async function backlog(
  amqp: string,
  waiting: number,
  prefetch = PREFETCH,
): Promise<{ readonly handsFull: number; readonly most: number }> {
  const id = randomUUID();
  const [service, client] = [`bench-${id}-worker`, `bench-${id}-client`];
  const step = {
    step_id: 'only',
    type: 'task',
    service,
    operation: 'measure',
    input: { text: '{{api_input.payload}}' },
  };
  const cookbooks = [{ version: '2.1.0', name: 'one-step', steps: [step] }];
  const options = { transport: rabbitmq({ urls: amqp }), state: false, cache: false, cookbooks } as const;
  const worker = await startWorker({ service, amqp, prefetch });

  @Module({ imports: [serviceOf(client, {}, options)] })
  class App {}
  const app = await NestFactory.createApplicationContext(App, { logger: ['error', 'warn'] });
  const orchestrator = app.get<WorkflowOrchestrator>(getOrchestratorToken(client), { strict: false });
  const input = { payload: PAYLOAD };
  const ends: Promise<unknown>[] = [];
  let ended = 0;
  const start = async (): Promise<void> => {
    const { workflowId } = await orchestrator.start('one-step', { input });
    ends.push(orchestrator.result(workflowId, { timeout: '5m' }).then(() => (ended += 1)));
  };

  await inFlight(WARMING_UP, IN_FLIGHT, () => orchestrator.run('one-step', { input }));
  await worker.say('shut');
  await inFlight(PREFETCH, PREFETCH, start);
  let seen = await worker.say('look');
  for (; seen.atWork < PREFETCH; seen = await worker.say('look')) await setTimeout(50);
  const handsFull = seen.resident;
  await inFlight(waiting, IN_FLIGHT, start); // the broker has confirmed them all
  seen = await worker.say('look');
  if (seen.atWork > prefetch) throw new Error(`${seen.atWork} messages are at work, at most ${prefetch} may be.`);
  let most = seen.resident;
  await worker.say('open');
  while (ended < ends.length) {
    most = Math.max(most, (await worker.say('look')).resident);
    await setTimeout(200);
  }
  await Promise.all(ends);

  await worker.stop();
  await app.close();
  await forget(amqp, [service, client]);
  return { handsFull, most };
}

async function startWorker(of: Worker): Promise<{ say: (word: Word) => Promise<Seen>; stop: () => Promise<void> }> {
  const child = fork(PROGRAM, { env: { ...process.env, WORKER: JSON.stringify(of) } });
  const gone = once(child, 'exit');
  const answer = async (): Promise<Seen> => {
    const answered = new AbortController();
    const said = once(child, 'message', answered) as Promise<[Seen]>;
    const [seen] = await Promise.race([said, gone.then((): [] => [])]);
    answered.abort();
    said.catch(() => undefined); // nobody waits for it any more
    if (seen === undefined) throw new Error('The process of the service has ended.');
    return seen;
  };
  await answer(); // it is up
  return {
    say: (word) => {
      child.send(word);
      return answer();
    },
    stop: async () => {
      child.disconnect();
      await gone;
    },
  };
}
