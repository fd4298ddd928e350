const SCOPES = 1;
/** Marks of what every change of a resource replaces beside the resource itself: its lists, and whatever reads anything. */
const IMPLIED = ['~', '~any'];

/**
 * What a purge replaced, as people say it: `order O-1` for the tags of one order (`t:acme/orders/order/O-1` and the wider ones
 * beside it), `order` for those of all orders, `all of orders` for those of the service.
 */
export function purgedBy(tags: readonly string[]): string[] {
  const named = tags.map((tag) => tag.split('/').slice(SCOPES));
  const said = named.filter((parts) => !IMPLIED.includes(parts.at(-1) ?? '')).map(nameOf);
  return [...new Set(said)];
}

function nameOf(parts: readonly string[]): string {
  const [service = '', resource, id] = parts.map((part) => part.replaceAll(/%[0-9A-F]{2}/g, decodeURIComponent));
  if (resource === undefined) return `all of ${service}`;
  return id === undefined ? resource : `${resource} ${id}`;
}
