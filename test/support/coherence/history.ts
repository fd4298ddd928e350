/** What happened, in the order of real time. A value is a version: how often its cell had been changed when it was read. */
export type HistoryEvent =
  | { readonly kind: 'read begins'; readonly read: number }
  | { readonly kind: 'read ends'; readonly read: number; readonly saw: Versions }
  | { readonly kind: 'commit'; readonly mutation: number; readonly cell: string; readonly version: number }
  | { readonly kind: 'acknowledged'; readonly mutation: number };

/** By cell: whatever is changed as one. */
export type Versions = Readonly<Record<string, number>>;

/** A record of reads and mutations. */
export class History {
  readonly events: HistoryEvent[] = [];
  private reads = 0;
  private mutations = 0;
  private readonly versions = new Map<string, number>();

  /** @returns its number */
  readBegins(): number {
    this.events.push({ kind: 'read begins', read: (this.reads += 1) });
    return this.reads;
  }

  readEnds(read: number, saw: Versions): void {
    this.events.push({ kind: 'read ends', read, saw });
  }

  /** @returns its number */
  mutationBegins(): number {
    return (this.mutations += 1);
  }

  /** The change is made: who reads the cell from now on must see it. @returns the cell's version from now on */
  commit(mutation: number, cell: string): number {
    const version = this.versionOf(cell) + 1;
    this.versions.set(cell, version);
    this.events.push({ kind: 'commit', mutation, cell, version });
    return version;
  }

  /** Somebody has been told of it, whatever it came to. */
  acknowledged(mutation: number): void {
    this.events.push({ kind: 'acknowledged', mutation });
  }

  versionOf(cell: string): number {
    return this.versions.get(cell) ?? 0;
  }
}

/**
 * Reads that break the promise: each started after a mutation was acknowledged, and returned a value from before it. A read
 * that returns what nobody has committed by its end breaks the test itself, and is told of too.
 */
export function violationsOf(events: readonly HistoryEvent[]): string[] {
  const committed = new Map<string, number>();
  const byMutation = new Map<number, Map<string, number>>();
  let acknowledged = new Map<string, number>();
  const due = new Map<number, ReadonlyMap<string, number>>();
  const found: string[] = [];
  for (const event of events) {
    switch (event.kind) {
      case 'commit': {
        const { mutation, cell, version } = event;
        committed.set(cell, version);
        byMutation.set(mutation, (byMutation.get(mutation) ?? new Map<string, number>()).set(cell, version));
        break;
      }
      case 'acknowledged': {
        acknowledged = new Map(acknowledged); // reads that have begun keep theirs
        for (const [cell, version] of byMutation.get(event.mutation) ?? [])
          acknowledged.set(cell, Math.max(version, acknowledged.get(cell) ?? 0));
        break;
      }
      case 'read begins':
        due.set(event.read, acknowledged);
        break;
      case 'read ends':
        found.push(...faultsOf(event, due.get(event.read), committed));
        due.delete(event.read);
    }
  }
  return found;
}

function faultsOf(
  { read, saw }: HistoryEvent & { readonly kind: 'read ends' },
  due: ReadonlyMap<string, number> | undefined,
  committed: ReadonlyMap<string, number>,
): string[] {
  return Object.entries(saw).flatMap(([cell, version]) => {
    const atLeast = due?.get(cell) ?? 0;
    if (version < atLeast)
      return [`read ${read} saw ${cell} at ${version}; ${atLeast} was acknowledged before it began`];
    return version > (committed.get(cell) ?? 0)
      ? [`read ${read} saw ${cell} at ${version}, which nobody committed`]
      : [];
  });
}
