import type { OperationEntries } from '../../libs/orchestrator/src/operations/operations-file.js';
import type { TestOperations } from '../../libs/orchestrator/src/testing/service-of.js';
import { deferred } from './deferred.js';

interface Row {
  readonly id: string;
  readonly value?: unknown;
}

/**
 * Rows by id, and operations on them. A read takes what it answers when it starts, and gives it when it is let go: between the
 * two it holds what may be old.
 */
export class Ledger {
  readonly rows = new Map<string, unknown>();
  /** How often rows were read. */
  reads = 0;
  private gate: Promise<void> = Promise.resolve();
  private open: () => void = () => undefined;

  constructor(rows: Readonly<Record<string, unknown>> = {}) {
    for (const [id, value] of Object.entries(rows)) this.rows.set(id, value);
  }

  /** From now on reads are held. */
  hold(): void {
    const gate = deferred();
    [this.gate, this.open] = [gate.promise, gate.resolve];
  }

  /** Those to come are not held; those that are stay so. */
  unhold(): void {
    this.gate = Promise.resolve();
  }

  /** Lets the reads go that are held, and those to come. */
  release(): void {
    this.open();
    this.unhold();
  }

  private async read<T>(answer: T): Promise<T> {
    this.reads += 1;
    await this.gate;
    return answer;
  }

  /** What they do: `get` and `list` read; `put` and `remove` change one row, `raise` any of them. */
  get operations(): TestOperations {
    return {
      reads: {
        get: ({ id }: Row) => this.read(this.rows.get(id) ?? null),
        list: () => this.read(Object.fromEntries(this.rows)),
      },
      mutates: {
        put: ({ id, value }: Row) => void this.rows.set(id, value),
        remove: ({ id }: Row) => this.rows.delete(id),
        raise: () => {
          for (const [id, value] of this.rows) this.rows.set(id, Number(value) + 1);
        },
      },
    };
  }

  /** What they are said to be. */
  static readonly DECLARED: OperationEntries = {
    get: { reads: [{ resource: 'row', id: 'id' }] },
    list: { reads: ['row'] },
    put: { mutates: true, resource_type: 'row', resource_id: 'id' },
    remove: { mutates: true, resource_type: 'row', resource_id: 'id' },
    raise: { mutates: true, resource_type: 'row' },
  };
}
