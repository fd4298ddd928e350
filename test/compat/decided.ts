import canonicalize from 'canonicalize';
import type { Json, Observation, RecordedCase } from './recorded.js';
import type { Difference } from './verdict.js';

/** A way in which the library is to differ from the original. */
export interface Decision {
  /** The page in `docs/adr` that says why. */
  readonly adr: string;
  readonly what: string;
}

/** What a decision looks at. */
type Seen = Omit<Difference, 'decision'> & { readonly of: RecordedCase; readonly observation: Observation | undefined };

interface Kind extends Decision {
  readonly covers: (seen: Seen) => boolean;
}

/** By what differs, never by the case's name, so that a case that differs otherwise is seen. */
const DECIDED: readonly Kind[] = [
  {
    adr: '0011',
    what: 'a step, case or branch named like what every object inherits is refused',
    covers: ({ of, observation }) =>
      observation?.error?.kind === 'COOKBOOK_INVALID' &&
      [of, ...(of.sequence ?? [])].some((run) => isMisnamed(run.cookbook)),
  },
  {
    adr: '0011',
    what: 'a secret is redacted once the last reference to it was consumed, and whatever merely shares its name never',
    covers: (seen) => {
      const changes = changesIn(seen);
      return changes.length > 0 && changes.every((change) => isRedactedLess(change, seen));
    },
  },
  {
    adr: '0011',
    what: 'an event carries no data, and a hop that is not made no message',
    covers: ({ field, expected, got }) => {
      if (field !== 'leaks' || !Array.isArray(expected) || !Array.isArray(got)) return false;
      const missing = without(expected, got);
      return (
        without(got, expected).length === 0 && missing.every((leak) => /^monitoring:|\.workflow>/.test(String(leak)))
      );
    },
  },
  {
    adr: '0013',
    what: 'an answer is cached whatever it is: null, 0, false and the empty text too',
    covers: ({ field, expected, got, of, observation }) => {
      if (field !== 'invocations' || of.cache !== true || !Array.isArray(expected) || !Array.isArray(got)) return false;
      const [wanted, made] = [expected.map((each) => canonicalize(each)), got.map((each) => canonicalize(each))];
      const spared = without(wanted, made) as string[];
      return spared.length > 0 && without(made, wanted).length === 0 && spared.every((call) => isEmptyAnswer(call, observation)); // prettier-ignore
    },
  },
];

/** @param observation of the run that differs */
export function decisionOn(
  difference: Omit<Difference, 'decision'>,
  of: RecordedCase,
  observation: Observation | undefined,
): Decision | undefined {
  const decided = DECIDED.find(({ covers }) => covers({ ...difference, of, observation }));
  return decided && { adr: decided.adr, what: decided.what };
}

const INHERITED: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** Whether a cookbook gives such a name, however deep. */
function isMisnamed(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { step_id, cases, branches } = value as Json;
  const names = [step_id, ...Object.keys(Object(cases) as Json), ...Object.keys(Object(branches) as Json)];
  return names.some((name) => INHERITED.has(String(name))) || Object.values(value).some(isMisnamed);
}

/** Whether what a call would have been made for is there without it, and is such an answer. */
function isEmptyAnswer(call: string, observation: Observation | undefined): boolean {
  const { step_id: step } = JSON.parse(call) as { readonly step_id: string };
  const output = observation?.outputs[step];
  return output === null || output === 0 || output === false || output === '';
}

/** Handlers may be given it; what is published may not hold it. */
function isRedactedLess({ expected, got }: Change, { field, of }: Seen): boolean {
  const text = JSON.stringify({ got });
  const isSecret = (of.secret_markers ?? []).some((marker) => text.includes(JSON.stringify(marker).slice(1, -1)));
  return expected === '[REDACTED]' && (field === 'invocations' || !isSecret);
}

interface Change {
  readonly expected: unknown;
  readonly got: unknown;
}

/** The innermost values that differ. */
function changesIn({ field, expected, got, of }: Seen): Change[] {
  const unordered = field === 'invocations' && of.invocation_order === 'set';
  return unordered ? leaves(inOneOrder(expected), inOneOrder(got)) : leaves(expected, got);
}

function leaves(expected: unknown, got: unknown): Change[] {
  if (!isContainer(expected) || !isContainer(got) || Array.isArray(expected) !== Array.isArray(got)) {
    return Object.is(expected, got) ? [] : [{ expected, got }];
  }
  const keys = new Set([...Object.keys(expected), ...Object.keys(got)]);
  return [...keys].flatMap((key) => leaves(expected[key], got[key]));
}

const isContainer = (value: unknown): value is Json => typeof value === 'object' && value !== null;

/** Invocations by what was called, not by what it was given. */
function inOneOrder(invocations: unknown): unknown {
  const nameOf = ({ service, operation, step_id }: Json): string => JSON.stringify([service, operation, step_id]);
  const sorted = [...(invocations as readonly Json[])].map((each) => [nameOf(each), each] as const);
  return sorted.sort(([one], [other]) => (one < other ? -1 : 1)).map(([, each]) => each);
}

/** What of a list is left when each of another's was taken out once. */
function without(list: readonly unknown[], taken: readonly unknown[]): unknown[] {
  const left = [...list];
  for (const each of taken) {
    const at = left.indexOf(each);
    if (at >= 0) left.splice(at, 1);
  }
  return left;
}
