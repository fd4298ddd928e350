import { createHash } from 'node:crypto';
import QuickLRU from 'quick-lru';
import type { Caller } from '../message/workflow-message.js';
import type { Operation, ResourceRef } from '../operations/operation.js';
import { type FieldOf, idOf } from './fields.js';

/**
 * Names of what cached answers depend on, and mutations change: scope / service / resource / id. A reader depends on all tags
 * that contain what it read; a mutation replaces the narrowest ones that contain what it changed. Which ones is decided here,
 * in one table for each side.
 */
export type Tag = string;

/** What an answer depends on. */
export interface Dependencies {
  /** Every tag, the wider ones first. */
  readonly tags: readonly Tag[];
  /** How many of them are the same for every input. */
  readonly fixed: number;
  /** Beside these, what is replaced with any instance of the resources that are read by an id. */
  readonly collections: readonly Tag[];
}

/** An instance of a resource, or all of it; without a resource anything of the service. */
export interface Changed {
  readonly service: string;
  readonly resource?: string | undefined;
  readonly id?: string | undefined;
}

/** Whoever declares nothing reads any resource of its service. */
const ANY = '~any';
/** A list or a search of a resource changes with each of its instances. */
const COLLECTION = '~';
/** Before the hash of an id that is too long to stand there itself. */
const HASHED = '~#';

/**
 * What an answer for this caller depends on. A tenant's reader depends on what its tenant and what nobody's tenant changes;
 * without a tenant, and where everybody shares the answer, it depends on what anybody changes.
 */
export function dependenciesOf(operation: Operation, fieldOf: FieldOf, caller: Caller): Dependencies {
  const { scopes, fixed, instances, collections } = declaredBy(operation, caller);
  const tags = [...fixed];
  for (const { of, id } of instances) {
    const name = instanceOf(of, idOf(fieldOf(id)));
    for (const scope of scopes) if (!tags.includes(scope + name)) tags.push(scope + name);
  }
  return { tags, fixed: fixed.length, collections: collections.filter((tag) => !tags.includes(tag)) };
}

/** What is the same for every input of an operation's callers of one tenant. */
interface Declared {
  readonly scopes: readonly string[];
  readonly fixed: readonly Tag[];
  /** Resources of which one instance is read, and the field that says which one. */
  readonly instances: readonly { readonly of: string; readonly id: string }[];
  readonly collections: readonly Tag[];
}

type Tenant = Caller['tenantId'];

/**
 * Made anew for every read it would be a third of what a cached one costs, and its texts would be kept with every answer. Between
 * so many and twice that are kept, those used last: of all operations, for all tenants.
 */
const KEPT = 5_000;
const kept = new QuickLRU<string, Declared>({ maxSize: KEPT });
const numbers = new WeakMap<Operation, number>();
let numbered = 0;

function declaredBy(operation: Operation, { tenantId }: Caller): Declared {
  const by = isShared(operation) ? undefined : tenantId;
  let number = numbers.get(operation);
  if (number === undefined) numbers.set(operation, (number = numbered += 1));
  const key = by === undefined ? String(number) : `${number}/${by}`;
  let declared = kept.get(key);
  if (declared === undefined) kept.set(key, (declared = makeDeclared(operation, by)));
  return declared;
}

/** @param by `undefined`: what anybody changes counts */
function makeDeclared(operation: Operation, by: Tenant): Declared {
  const { service, reads = [] } = operation;
  const fixed = new Set([part(service)]);
  const instances: { of: string; id: string }[] = [];
  if (reads.length === 0) fixed.add(anyOf(service));
  for (const { service: owner = service, resource, id } of reads) {
    const of = join(owner, resource);
    fixed.add(part(owner)).add(of);
    if (id === undefined) fixed.add(instanceOf(of, undefined));
    else instances.push({ of, id });
  }
  const scopes = by === undefined ? [ALL] : [tenant(by), PLATFORM];
  const scoped = (names: Iterable<string>): Tag[] => [...names].flatMap((name) => scopes.map((scope) => scope + name));
  const collections = scoped(new Set(instances.map(({ of }) => instanceOf(of, undefined))));
  return { scopes, fixed: scoped(fixed), instances, collections };
}

/** What a mutation by this caller replaces. A tenant's leaves other tenants alone; one without a tenant is everybody's. */
export function replacedBy(changes: readonly Changed[], { tenantId }: Caller): Tag[] {
  const names = new Set(changes.flatMap(({ service, resource, id }) => {
    if (resource === undefined) return [part(service)];
    const of = join(service, resource);
    return id === undefined ? [of, anyOf(service)] : [instanceOf(of, id), instanceOf(of, undefined), anyOf(service)];
  })); // prettier-ignore
  const scopes = tenantId === undefined ? [PLATFORM, ALL] : [tenant(tenantId), ALL];
  return [...names].flatMap((name) => scopes.map((scope) => scope + name));
}

/** The service whose a tag is. */
export function ownerOf(tag: Tag): string {
  const [, service = ''] = tag.split('/');
  return service.replace(ESCAPED, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

/** From the narrowest: all of the resource, anything of the service, and that for everybody. A reader depends on each of them. */
const WIDER: readonly ((tag: Tag) => readonly Tag[])[] = [
  (tag) => [tag.split('/').slice(0, 3).join('/')],
  (tag) => [tag.split('/').slice(0, 2).join('/')],
  (tag) => [PLATFORM, ALL].map((scope) => scope + (tag.split('/')[1] ?? '')),
];

/** Tags that replace at least what these do: wider ones, until there are so many at most, or two for each service. */
export function widened(tags: Iterable<Tag>, most: number): ReadonlySet<Tag> {
  let wide = new Set(tags);
  for (const widen of WIDER) if (wide.size > most) wide = new Set([...wide].flatMap(widen));
  return wide;
}

/** What a mutation of this operation changes; an id that cannot be resolved widens it to the resource. */
export function changedBy({ service, mutated }: Operation, fieldOf: FieldOf): Changed {
  const { resource, id } = mutated ?? ({} as Partial<ResourceRef>);
  return { service, resource, id: id === undefined ? undefined : idOf(fieldOf(id)) };
}

const isShared = ({ cache }: Operation): boolean => typeof cache === 'object' && cache.vary === 'none';

const ALL = 'all/';
const PLATFORM = 'platform/';
const tenant = (id: string | number): string => `t:${part(String(id))}/`;

const join = (...names: string[]): string => names.map(part).join('/');
const anyOf = (service: string): string => `${part(service)}/${ANY}`;
/** @param id `undefined`: nobody knows which, so that it changes as a list does */
const instanceOf = (of: string, id: string | undefined): string =>
  `${of}/${id === undefined ? COLLECTION : idPart(id)}`;

/** Tags are kept by the ten thousands, and go along with runs: whoever sends a long id must not make them large. */
const LONGEST_ID = 128;
const idPart = (id: string): string =>
  id.length > LONGEST_ID ? `${HASHED}${createHash('sha256').update(JSON.stringify(id)).digest('base64url')}` : part(id);

/** So that no name reads as one of the marks above, or as two names. */
const RESERVED = /[%/~]/g;
const ESCAPED = /%(25|2F|7E)/g;
const part = (text: string): string =>
  text.replace(RESERVED, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
