import 'reflect-metadata';
import { backlog } from './rabbitmq/backlog.js';
import { type Contender, inFlight } from './rabbitmq/contender.js';
import { ours, type Servers } from './rabbitmq/ours.js';
import { raw } from './rabbitmq/raw.js';
import { type Figure, medians, report } from './report.js';

/**
 * 2,000 runs of five steps over RabbitMQ, 100 in flight, client and services in this process, the broker apart. The limit is the
 * same payload over five hops by `amqplib` alone. Then single runs, one after another; and what a process of a service holds
 * resident while messages wait for it. On the servers that AMQP_URL and REDIS_URL name; what was made there is removed in the end.
 */
const RUNS = 2_000;
const IN_FLIGHT = 100;
const ROUNDS = 5;
const SINGLE_RUNS = 200;
const BACKLOG = 5_000;
const servers: Servers = {
  amqp: process.env['AMQP_URL'] ?? 'amqp://127.0.0.1:5672',
  redis: process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379',
};

const { handsFull, most } = await backlog(servers.amqp, BACKLOG);

const contenders = {
  quorum: await raw(servers.amqp, 'quorum'),
  classic: await raw(servers.amqp, 'classic'),
  five: await ours(servers, { services: 'five' }),
  fiveState: await ours(servers, { services: 'five', state: true }),
  fiveMutating: await ours(servers, { services: 'five', state: true, mutating: true }),
  one: await ours(servers, { services: 'one' }),
  oneState: await ours(servers, { services: 'one', state: true }),
};
type Name = keyof typeof contenders;
type Work = () => Promise<unknown>;

/** Microseconds of a piece of work with each contender, in turn. */
function compared(work: (contender: Contender) => Work, rounds: number): Promise<Record<Name, number>> {
  const works = Object.entries(contenders).map(([name, contender]) => [name, work(contender)] as const);
  return medians(1, Object.fromEntries(works) as Record<Name, Work>, rounds);
}
const together = await compared(
  ({ run }) =>
    () =>
      inFlight(RUNS, IN_FLIGHT, run),
  ROUNDS,
);
const alone = await compared(({ run }) => run, SINGLE_RUNS);
for (const { close } of Object.values(contenders)) await close();

const perSecond = (of: Name): number => (RUNS * 1e6) / together[of];
const throughput = { unit: 'a second', limit: perSecond('quorum') };
const idle = { unit: 'ms', limit: alone.quorum / 1_000 };
const figures: readonly Figure[] = [
  { name: 'raw on classic queues / raw on quorum queues', value: perSecond('classic'), ...throughput },
  { name: 'runs over five services / raw', value: perSecond('five'), ...throughput, goal: '>= 0.8' },
  { name: '… with state in Redis', value: perSecond('fiveState'), ...throughput, goal: '>= 0.6' },
  { name: '… where every step mutates', value: perSecond('fiveMutating'), ...throughput, goal: '>= 0.45' },
  { name: 'runs in one service / raw over five hops', value: perSecond('one'), ...throughput, goal: '>= 3' },
  { name: '… with state in Redis', value: perSecond('oneState'), ...throughput, goal: '>= 3' },
  { name: 'a run alone, over five services / raw', value: alone.five / 1_000, ...idle, goal: '<= 2' },
  { name: '… with state in Redis', value: alone.fiveState / 1_000, ...idle, goal: '<= 2' },
  {
    name: 'resident with 5,000 waiting / 50 MB above none',
    value: most,
    unit: 'MB',
    limit: handsFull + 50,
    goal: '<= 1',
  },
];
report('rabbitmq', figures);
