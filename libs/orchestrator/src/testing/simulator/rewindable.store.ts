import { MemoryStateStore } from '../../state/memory/memory.store.js';
import { RunRecord } from '../../state/memory/run-record.js';

/** What this reaches into: nothing but a simulation takes a record back. */
interface Inside {
  readonly runs: { readonly records: Map<string, RunRecord> };
}

/** How many of the newest writes can be lost. */
const REMEMBERED = 10;

/** A record at one moment. */
export interface Version {
  readonly workflowId: string;
  readonly record: RunRecord | undefined;
}

/** Run records in memory that can lose what was written last: as a server does that fails over, or is killed before it has it on its disk. */
export class RewindableStore extends MemoryStateStore {
  private readonly past: Version[] = [];

  versionOf(workflowId: string): Version {
    const record = this.byId.get(workflowId);
    return { workflowId, record: record && copyOf(record) };
  }

  /** A record was written, which was so before. */
  remember(before: Version): void {
    this.past.push(before);
    if (this.past.length > REMEMBERED) this.past.shift();
  }

  /** The newest writes have not happened, so many or as many as are remembered. */
  rewind(writes: number): void {
    for (const { workflowId, record } of this.past.splice(-writes).reverse()) {
      if (record === undefined) this.byId.delete(workflowId);
      else this.byId.set(workflowId, record);
    }
  }

  private get byId(): Map<string, RunRecord> {
    return (this as unknown as Inside).runs.records;
  }
}

function copyOf(record: RunRecord): RunRecord {
  return Object.assign(
    new RunRecord(record.epoch, record.keptUntil),
    structuredClone(Object.fromEntries(Object.entries(record))),
  );
}
