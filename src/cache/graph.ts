import type { OperationCaching, ResourceRef } from 'nest-orchestrator';
import { anythingOf } from './resource-name.js';

/** A resource of a service, or anything of it. */
interface Target {
  readonly service: string;
  readonly label: string;
}

interface Edge {
  readonly arrow: '-->' | '==>';
  readonly target: Target;
  /** The input field that names the instance. */
  readonly id?: string | undefined;
}

/**
 * A Mermaid graph: `-->` from a reader to what its answers depend on, `==>` from a mutation to what it purges, by the input
 * field that stands on the arrow. What is never cached depends on nothing, and has a broken line around it.
 */
export function graphOf(operations: readonly OperationCaching[]): string {
  const drawn = operations.map((operation, at) => ({ operation, node: `o${at}`, edges: edgesOf(operation) }));
  const targets = new Map(drawn.flatMap(({ edges }) => edges.map(({ target }) => [keyOf(target), target] as const)));
  const nodes = new Map([...targets.keys()].map((key, at) => [key, `r${at}`]));
  const services = new Set([...operations, ...targets.values()].map(({ service }) => service));
  const subgraphs = [...services].flatMap((service, at) => [
    `  subgraph s${at}[${quoted(service)}]`,
    ...drawn
      .filter(({ operation }) => operation.service === service)
      .map(
        ({ operation, node }) => `    ${node}([${quoted(operation.operation)}])${isNever(operation) ? ':::never' : ''}`,
      ),
    ...[...targets]
      .filter(([, target]) => target.service === service)
      .map(([key, { label }]) => `    ${nodes.get(key) ?? ''}[(${quoted(label)})]`),
    '  end',
  ]);
  const edges = drawn.flatMap(({ node, edges: own }) =>
    own.map(
      ({ arrow, id, target }) =>
        `  ${node} ${arrow}${id === undefined ? '' : `|${quoted(id)}|`} ${nodes.get(keyOf(target)) ?? ''}`,
    ),
  );
  return ['flowchart LR', ...subgraphs, ...edges, '  classDef never stroke-dasharray: 4'].join('\n');
}

function edgesOf(operation: OperationCaching): Edge[] {
  const { mutates, changes, reads, never, service } = operation;
  const to = (ref: ResourceRef): Pick<Edge, 'target' | 'id'> => ({
    target: { service: ref.service ?? service, label: ref.resource },
    id: ref.id,
  });
  const anything = { target: { service, label: anythingOf(operation) } };
  if (mutates) return [{ arrow: '==>', ...(changes === null ? anything : to(changes)) }];
  if (never !== null) return [];
  return (reads.length === 0 ? [anything] : reads.map(to)).map((edge) => ({ arrow: '-->', ...edge }));
}

const isNever = ({ mutates, never }: OperationCaching): boolean => !mutates && never !== null;

const keyOf = ({ service, label }: Target): string => JSON.stringify([service, label]);

/** A label, whatever is in it. */
const quoted = (text: string): string => `"${text.replaceAll('"', '#quot;')}"`;
