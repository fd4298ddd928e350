/** A cache that is measured. */
export interface Contender {
  /** A cached read of an order, as whoever uses it calls it. */
  readonly read: (id: string) => Promise<unknown>;
  /** Reads each order once, so that it is cached. */
  readonly fill: (ids: Iterable<string>) => Promise<void>;
  /** What is done after an order has changed. */
  readonly purge: (id: string) => Promise<unknown>;
  readonly close: () => Promise<unknown>;
}

/** Makes one that holds this many answers at most, each of them this value. */
export type Contend = (size: number, value: object) => Promise<Contender>;

/** Whose orders are read: in the key of everybody who can have it there. */
export const CALLER = { tenantId: 'acme', workspaceId: 'north', personId: 7 };

export const TTL_MINUTES = 60;

/** In the place of a handler, where only hits are measured. */
export const noHit = (): never => {
  throw new Error('it was no hit');
};
