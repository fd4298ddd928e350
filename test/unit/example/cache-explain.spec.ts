import { describe, expect, it } from '@jest/globals';
import type { OperationCaching } from 'nest-orchestrator';
import { graphOf } from '../../../src/cache/graph.js';
import { tableOf } from '../../../src/cache/table.js';

const CHANGES = 'it changes something';
const read = (operation: string, more: Partial<OperationCaching> = {}): OperationCaching => ({
  service: 'shop',
  operation,
  mutates: false,
  reads: [],
  changes: null,
  ttl: 300_000,
  vary: 'person',
  never: null,
  neverInCalls: null,
  ...more,
});
const mutation = (operation: string, changes: OperationCaching['changes'], service = 'shop'): OperationCaching =>
  read(operation, { service, mutates: true, changes, ttl: null, vary: null, never: CHANGES, neverInCalls: CHANGES });

const STOCK = { service: 'depot', resource: 'stock' };
const ORDER = { service: 'shop', resource: 'order' };
const OPERATIONS: readonly OperationCaching[] = [
  read('get-order', { reads: [{ ...ORDER, id: 'order_id' }, STOCK], ttl: 90_000, vary: 'tenant' }),
  read('guess', { ttl: 1_500, neverInCalls: 'nobody says who calls' }),
  read('roll', { reads: [ORDER], ttl: null, vary: null, never: 'it says so', neverInCalls: 'it says so' }),
  mutation('close', { ...ORDER, id: 'order_id' }),
  mutation('reset', null),
  mutation('fill', { ...STOCK, id: 'sku' }, 'depot'),
];

describe('the table', () => {
  it('has a row for each operation: what it reads, for how long and for whom, or what it purges', () => {
    expect(tableOf(OPERATIONS).split('\n')).toEqual([
      '┌─────────┬───────────┬───────────────────┬───────────────────┬────────┬────────┬────────────────────────┐',
      '│ service │ operation │ reads             │ purges            │ ttl    │ vary   │ never cached because   │',
      '├─────────┼───────────┼───────────────────┼───────────────────┼────────┼────────┼────────────────────────┤',
      '│ shop    │ get-order │ order by order_id │ –                 │ 90s    │ tenant │                        │',
      '│         │           │ stock of depot    │                   │        │        │                        │',
      '│         │ guess     │ anything of shop  │ –                 │ 1500ms │ person │ over HTTP and RPC:     │',
      '│         │           │                   │                   │        │        │ nobody says who calls  │',
      '│         │ roll      │ order             │ –                 │ –      │ –      │ it says so             │',
      '│         │ close     │ –                 │ order by order_id │ –      │ –      │                        │',
      '│         │ reset     │ –                 │ anything of shop  │ –      │ –      │                        │',
      '├─────────┼───────────┼───────────────────┼───────────────────┼────────┼────────┼────────────────────────┤',
      '│ depot   │ fill      │ –                 │ stock by sku      │ –      │ –      │                        │',
      '└─────────┴───────────┴───────────────────┴───────────────────┴────────┴────────┴────────────────────────┘',
    ]);
  });

  it('is a head without rows where there is no operation', () => {
    expect(tableOf([])).toContain('never cached because');
  });
});

describe('the graph', () => {
  it('points from readers to what they depend on, and from mutations to what they purge, each in its service', () => {
    expect(graphOf(OPERATIONS).split('\n')).toEqual([
      'flowchart LR',
      '  subgraph s0["shop"]',
      '    o0(["get-order"])',
      '    o1(["guess"])',
      '    o2(["roll"]):::never',
      '    o3(["close"])',
      '    o4(["reset"])',
      '    r0[("order")]',
      '    r2[("anything of shop")]',
      '  end',
      '  subgraph s1["depot"]',
      '    o5(["fill"])',
      '    r1[("stock")]',
      '  end',
      '  o0 -->|"order_id"| r0',
      '  o0 --> r1',
      '  o1 --> r2',
      '  o3 ==>|"order_id"| r0',
      '  o4 ==> r2',
      '  o5 ==>|"sku"| r1',
      '  classDef never stroke-dasharray: 4',
    ]);
  });

  it('keeps names apart that differ in marks only, and any mark in a label', () => {
    const graph = graphOf([
      mutation('a"b', { service: 'shop', resource: 'a-b' }),
      mutation('a]b', { service: 'shop', resource: 'a_b' }),
    ]);
    expect(graph).toContain('(["a#quot;b"])');
    expect(graph).toContain('(["a]b"])');
    expect(graph).toMatch(/o0 ==> r0\n {2}o1 ==> r1/);
  });

  it('draws a resource of a service that is not in the application', () => {
    expect(graphOf([read('get', { reads: [STOCK] })])).toContain('subgraph s1["depot"]\n    r0[("stock")]\n  end');
  });
});
