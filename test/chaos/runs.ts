// What is run while everything is killed: cookbooks, the operations behind them, and what each run must have done.

/** What the services can do. Those that change something leave an effect. */
export const OPERATIONS = {
  stock: { reads: ['forecast', 'swell'], mutates: ['reserve', 'spoil'] },
  payments: { reads: [], mutates: ['charge'] },
  orders: { reads: [], mutates: ['ship-by-road', 'ship-by-air', 'mail'] },
} as const;
export type Service = keyof typeof OPERATIONS;
export const SERVICES = Object.keys(OPERATIONS) as Service[];

export type Kind = 'chain' | 'fork' | 'poison' | 'sized';

/** A run as it is started, and what must come of it. */
export interface Planned {
  readonly kind: Kind;
  readonly cookbook: object;
  readonly input?: object;
  /** The code with which it must fail, or be refused at once. Default: it completes. */
  readonly fails?: string;
}

/** Steps in a row, with a switch on a read that answers otherwise each time. */
export const CHAIN: Planned = {
  kind: 'chain',
  cookbook: cookbook(
    task('reserve', 'stock', 'reserve'),
    task('charge', 'payments', 'charge'),
    task('forecast', 'stock', 'forecast'),
    {
      step_id: 'ship',
      type: 'switch',
      expression: '{{steps.forecast.output.weather}}',
      cases: { rain: task('road', 'orders', 'ship-by-road'), sun: task('air', 'orders', 'ship-by-air') },
    },
    task('mail', 'orders', 'mail'),
  ),
};

/** Two lines at once, and what follows both. */
export const FORK: Planned = {
  kind: 'fork',
  cookbook: cookbook(
    {
      step_id: 'both',
      type: 'fork_join',
      join: { strategy: 'merge' },
      branches: {
        goods: {
          step_id: 'goods',
          type: 'steps',
          steps: [task('reserve', 'stock', 'reserve'), task('ship', 'orders', 'ship-by-road')],
        },
        money: task('charge', 'payments', 'charge'),
      },
    },
    task('mail', 'orders', 'mail'),
  ),
};

/** Kills whichever process handles it, each time. */
export const POISON: Planned = {
  kind: 'poison',
  cookbook: cookbook(task('spoil', 'stock', 'spoil')),
  fails: 'POISON_MESSAGE',
};

export const alternately = (n: number): Planned => (n % 2 === 0 ? CHAIN : FORK);

export function cookbook(...steps: readonly object[]): object {
  return { version: '2.1.0', name: 'chaos', steps };
}

export function task(step_id: string, service: Service, operation: string, input: object = {}): object {
  return { step_id, type: 'task', service, operation, input };
}

/** Whether these are the effects of one completed run, in the order of their first execution. */
export function isWhole(kind: Kind, operations: readonly string[]): boolean {
  if (kind === 'poison') return operations.length === 0;
  if (kind === 'sized') return operations.join() === 'mail';
  const ways = kind === 'chain' ? ['ship-by-road', 'ship-by-air'] : ['ship-by-road'];
  const inOrder = ways.some((ship) => operations.filter((name) => name !== 'charge').join() === `reserve,${ship},mail`);
  const charged = operations.indexOf('charge');
  return inOrder && operations.length === 4 && (kind === 'chain' ? charged === 1 : charged >= 0 && charged < 3);
}

/** Effects of a run that follow one another: each is begun when those before it are recorded. */
const LINES: Readonly<Record<Kind, readonly (readonly string[])[]>> = {
  chain: [
    ['reserve', 'charge', 'ship-by-road', 'mail'],
    ['reserve', 'charge', 'ship-by-air', 'mail'],
  ],
  fork: [
    ['reserve', 'ship-by-road', 'mail'],
    ['charge', 'mail'],
  ],
  poison: [],
  sized: [],
};

/** Whether one effect can only come after another one is recorded. */
export const follows = (kind: Kind, operation: string, before: string): boolean =>
  LINES[kind].some((line) => line.includes(before) && line.indexOf(operation) > line.indexOf(before));
