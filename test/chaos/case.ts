import { play, type Played, type Scene, type Servers } from './scene.js';

/** One row of a table: what is not there, the table shows as nothing. */
export type Row = Readonly<Record<string, number | string | undefined>>;

/** What a case came to, and what is wrong with that. */
export interface Result {
  readonly row: Row;
  readonly problems: readonly string[];
}

/** A fault, and what must come of it. */
export interface Case {
  readonly name: string;
  /** In which table it stands. */
  readonly about: 'runs' | 'cache';
  /** Whether it must show what the others must not: else the checks see nothing. */
  readonly control: boolean;
  /** Whether it leaves messages behind, and is played after all that must not. Default: as a control does. */
  readonly leavesMessages?: boolean;
  readonly play: (servers: Servers) => Promise<Result>;
}

/** What is wrong with what a scene of runs came to. */
export type Check = (played: Played) => readonly string[];

/** A case of runs that are troubled. */
export const runs = (
  name: string,
  sceneOf: (servers: Servers) => Scene | Promise<Scene>,
  check: Check = sound(),
  more: (played: Played) => Row = () => ({}),
): Case => ({
  name,
  about: 'runs',
  control: false,
  play: async (servers) => {
    const scene = await sceneOf(servers);
    const played = await play(scene, servers);
    return { row: { ...rowOf(played), ...more(played) }, problems: [...happened(scene, played), ...check(played)] };
  },
});

export const control = (...those: Parameters<typeof runs>): Case => ({
  ...runs(...those),
  control: true,
});

/** A case whose run record forgets: parts wait on for runs of which it has forgotten that they have ended. */
export const forgetting = (name: string, sceneOf: (servers: Servers) => Scene): Case => ({
  ...runs(name, sceneOf, endedAtAll),
  leavesMessages: true,
});

/** Nothing is lost, split, wrong, failed or left over; effects repeat only where a process died before their record. */
export const sound =
  ({ refused = 0, repeated = Infinity } = {}): Check =>
  (played) => {
    const { lost, split, wrong, failed, unexplained, left } = played;
    return Object.entries({ lost, split, wrong, failed, unexplained, left })
      .filter(([, count]) => count > 0)
      .map(([name, count]) => `${count} ${name}`)
      .concat(played.refused === refused ? [] : [`${played.refused} failed as they had to, not ${refused}`])
      .concat(played.repeated <= repeated ? [] : [`${played.repeated} repeated, not ${repeated}`]);
  };

/** As {@link sound}, where the run record has lost something: runs may split, and effects repeat. */
const endedAtAll: Check = (played) => sound()({ ...played, split: 0, unexplained: 0 });

/** How many terminals came twice or more: what was doubled. */
export const doubles = ({ terminals, runs: count }: Played): number => terminals.seen.length - count;

/** As {@link sound}, where every message came twice. */
export const soundDoubled: Check = (played) => [
  ...sound({ repeated: 0 })(played),
  ...(doubles(played) > 0 ? [] : ['nothing was doubled']),
];

/** A control: the faults must show, or the checks see nothing. */
export const mustShow =
  (...columns: readonly ('lost' | 'split' | 'unexplained')[]): Check =>
  (played) =>
    columns.some((column) => played[column] > 0) ? [] : [`a control in which nothing is ${columns.join(' or ')}`];

/** A scene whose trouble did not strike, or reached nobody, shows nothing. */
function happened({ trouble }: Scene, { strikes, evidence }: Played): readonly string[] {
  return [
    ...(trouble !== undefined && strikes === 0 ? ['it never struck'] : []),
    ...(evidence === 0 ? ['no worker has noticed anything'] : []),
  ];
}

const rowOf = ({ runs: count, strikes, evidence, lost, split, repeated, unexplained, wrong, failed, refused, left }: Played): Row =>
  ({ runs: count, strikes, seen: evidence, lost, split, repeated, unexplained, wrong, failed, refused, left }); // prettier-ignore
