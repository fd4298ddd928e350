/**
 * The tokens (generations) that say which cached answers are still true: one token per tag, none given twice. An answer is served only
 * with exactly the tokens that its tags had before it was made. Every implementation passes the contract suite of
 * `nest-orchestrator/testing`, and keeps what it promises for all who share it: a token that `purge` has replaced when it
 * resolves is never read again, by any `read` that starts later; a `read` sees all tags of a `purge` replaced, or none. A method rejects when the store cannot be reached; the
 * caller then knows nothing about the call.
 */
export abstract class Coherence {
  /** Whether other processes see the same tokens. */
  abstract readonly shared: boolean;

  /**
   * The tokens of these tags, in their order. A tag without one (never purged, forgotten, evicted) is given a new one: never
   * one that it had before.
   */
  abstract read(tags: readonly string[]): Promise<readonly string[]>;

  /** Gives every tag a fresh token. Costs the same whatever the number of answers that are no longer served. */
  abstract purge(tags: readonly string[]): Promise<void>;

  /**
   * Shows to all who share the tokens that this service purges by them what it changes, from now on until it is closed. Default: nothing.
   */
  show(): void {
    // those of one application know each other
  }

  /** Whether a service of another process has shown that lately. Default: nobody can tell, so that it is taken for granted. */
  isShownBy(_: string): Promise<boolean> {
    return Promise.resolve(true);
  }

  /** Whether these are the same tokens. Default: one instance, or two of one class that are shared by processes. */
  sharedWith(other: Coherence): boolean {
    return other === this || (this.shared && other.shared && other.constructor === this.constructor);
  }

  /** Lets go of connections. */
  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** What `cache.coherence` of the module's options holds: inert until the module creates it. */
export interface CoherenceDefinition {
  readonly kind: string;
  /** @param of whose they are; and, once operations are known, milliseconds for which an answer is served at most */
  create(of: { readonly service: string; readonly namespace: string; readonly longestTtl: () => number }): Coherence;
}
