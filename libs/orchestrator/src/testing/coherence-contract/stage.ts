import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Coherence } from '../../cache/coherence.js';
import type { ContractCase } from '../contract.js';

/** What the suite needs of the tokens under test. */
export interface CoherenceFixture {
  readonly coherence: Coherence;
  /** Another client of the same tokens, as another process has one. Exactly where `coherence.shared` says that there are others. */
  readonly another?: () => Coherence;
  /** Evicts the tokens of these tags, as a store does that is short of memory; those of other tags may go as well. */
  readonly forget: (tags: readonly string[]) => Promise<void>;
  /** Makes the store unreachable, for good. Where tokens are in a store outside the process. */
  readonly cut?: () => Promise<void>;
}

/** One thing that tokens promise. */
export type CoherenceCase = ContractCase<CoherenceFixture>;

const RUN = randomUUID();
let tags = 0;

/** A tag that no other case uses. */
export function newTag(): string {
  tags += 1;
  return `contract-${RUN}/${tags}`;
}

export const newTags = (count: number): string[] => Array.from({ length: count }, newTag);

/** Two that read and purge; one and the same where nobody shares the tokens. */
export function clientsOf({ coherence, another }: CoherenceFixture): readonly [Coherence, Coherence] {
  assert.equal(
    another !== undefined,
    coherence.shared,
    'the fixture has another client exactly where tokens are shared',
  );
  return [coherence, another?.() ?? coherence];
}

/** The tokens of these tags, each of which is one. */
export async function tokensOf(coherence: Coherence, of: readonly string[]): Promise<readonly string[]> {
  const tokens = await coherence.read(Object.freeze([...of]));
  assert.equal(tokens.length, of.length, 'a token for each tag');
  for (const token of tokens as readonly unknown[])
    assert.ok(typeof token === 'string' && token !== '', 'a token is a text');
  return tokens;
}

export async function tokenOf(coherence: Coherence, tag: string): Promise<string> {
  const [token = ''] = await tokensOf(coherence, [tag]);
  return token;
}

/** Each with a token that it got alone, so that no two are the same. */
export async function tokensApart(coherence: Coherence, of: readonly string[]): Promise<readonly string[]> {
  const tokens: string[] = [];
  for (const tag of of) tokens.push(await tokenOf(coherence, tag));
  assert.equal(new Set(tokens).size, of.length, 'tokens are random');
  return tokens;
}

/** Which of them are not what they were. */
export const replacedAmong = (before: readonly string[], after: readonly string[]): boolean[] =>
  before.map((token, at) => token !== after[at]);
