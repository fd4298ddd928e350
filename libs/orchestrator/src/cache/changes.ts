import type { Changed } from './tags.js';

/** Instances of a resource that are named one by one; of more the whole resource is meant. Their tags go along with runs. */
const NAMED = 256;

/** What was changed so far, each once. */
export class Changes {
  /** By service and resource: the instances, or all of them. */
  private readonly ids = new Map<string, Map<string | undefined, Set<string> | 'all'>>();

  get size(): number {
    return this.ids.size;
  }

  add({ service, resource, id }: Changed): void {
    const resources = this.ids.get(service) ?? new Map<string | undefined, Set<string> | 'all'>();
    this.ids.set(service, resources);
    const known = resources.get(resource) ?? new Set();
    if (known === 'all') return;
    if (id !== undefined) known.add(id);
    resources.set(resource, id === undefined || known.size > NAMED ? 'all' : known);
  }

  list(): Changed[] {
    return Array.from(this.ids, ([service, resources]) =>
      Array.from(resources, ([resource, ids]): Changed[] =>
        ids === 'all' ? [{ service, resource }] : Array.from(ids, (id) => ({ service, resource, id })),
      ),
    ).flat(2);
  }
}
