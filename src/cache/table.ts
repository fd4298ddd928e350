import Table from 'cli-table3';
import type { OperationCaching } from 'nest-orchestrator';
import { anythingOf, nameOf } from './resource-name.js';

const NOTHING = '–';
const HEAD = ['service', 'operation', 'reads', 'purges', 'ttl', 'vary', 'never cached because'];
/** Columns of the reasons, which are sentences; of the others as many as they need. */
const COLUMNS = [...HEAD.slice(1).map(() => null), 24];
const STYLE = { head: [], border: [] };

/** A row for each operation: what its answers depend on, for how long and for whom they are kept, or what it purges. */
export function tableOf(operations: readonly OperationCaching[]): string {
  const table = new Table({ head: HEAD, style: STYLE, colWidths: COLUMNS, wordWrap: true });
  operations.forEach((operation, at) => {
    const isFirst = operation.service !== operations[at - 1]?.service;
    table.push([isFirst ? operation.service : '', ...cellsOf(operation)]);
  });
  return ruledByService(table.toString());
}

/** A rule stands above the first operation of each service, and nowhere else. */
function ruledByService(table: string): string {
  const lines = table.split('\n');
  return lines.filter((line, at) => !(line.startsWith('├') && /^│ +│/.test(lines[at + 1] ?? ''))).join('\n');
}

function cellsOf(operation: OperationCaching): string[] {
  const { operation: name, ttl, vary } = operation;
  return [
    name,
    readsOf(operation),
    purgesOf(operation),
    ttl === null ? NOTHING : timeOf(ttl),
    vary ?? NOTHING,
    reasonOf(operation),
  ];
}

function readsOf(operation: OperationCaching): string {
  const { reads, service, never } = operation;
  if (reads.length > 0) return reads.map((ref) => nameOf(ref, service)).join('\n');
  return never === null ? anythingOf(operation) : NOTHING;
}

function purgesOf(operation: OperationCaching): string {
  const { mutates, changes, service } = operation;
  if (!mutates) return NOTHING;
  return changes === null ? anythingOf(operation) : nameOf(changes, service);
}

/** Of a mutation it needs no reason. */
function reasonOf({ mutates, never, neverInCalls }: OperationCaching): string {
  if (mutates) return '';
  return never ?? (neverInCalls === null ? '' : `over HTTP and RPC: ${neverInCalls}`);
}

const UNITS = { h: 3_600_000, m: 60_000, s: 1_000 };

/** `5m`, `90s`: as options have it, and never rounded. */
function timeOf(ms: number): string {
  const [unit, size] = Object.entries(UNITS).find(([, each]) => ms % each === 0) ?? ['ms', 1];
  return `${ms / size}${unit}`;
}
