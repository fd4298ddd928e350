import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type Consumer, install, packLibrary } from '../support/consumer.js';
import { succeed } from '../support/shell.js';

jest.setTimeout(300_000); // it builds and packs once, installs twice, and compiles

/** What an application does with steps, as its lines. */
const STEPS = ['completed 75', 'failed null 403', 'failed null 400', 'failed NOT_A_REQUEST 403', 'over TCP 100'];

/** What an application does with its caches. Prices are as a step is told them, and a request. */
const CACHED: Readonly<Record<string, unknown>> = {
  'what is asked first is executed': { answer: [100, '100'], executed: 2 },
  'what is asked again comes from the cache': { answer: [100, '100'], executed: 0 },
  'a colleague shares it': { answer: '100', executed: 0 },
  'another tenant does not': { answer: '100', executed: 1 },
  'whom the guard refuses gets no hit': [403, 403],
  'what the pipe refuses is not executed': { answer: [400, 400], executed: 0 },
  'a change is refused by pipe, guard, and where nothing would purge': [
    400,
    403,
    { code: 'MUTATION_NOT_COVERED' },
    { written: 0 },
  ],
  'a refused change purges nothing': { answer: [100, '100'], executed: 0 },
  'a step that commits after its handler purges': { answer: [200, '200'], executed: 2 },
  'a request that commits after its handler purges': { answer: [300, '300'], executed: 2 },
  'a message that commits after its handler purges': { answer: [400, '400'], executed: 2 },
  'what was executed again comes from the cache again': { answer: [400, '400'], executed: 0 },
  'a change of something else purges nothing': { answer: [400, '400'], executed: 0 },
  'answers are kept in the cache of the application': [0, 0, null, 1, 1],
  'they lie there beside its own': ['object', 'kept'],
  'answers are kept in a store': [0, 0, null, 1, 1],
};

const { dependencies } = JSON.parse(readFileSync('test/nest11/package.json', 'utf8')) as {
  dependencies: Record<string, string>;
};
const packages = Object.keys(dependencies);
const MAJORS = [
  { major: 12, lock: 'package-lock.json' },
  { major: 11, lock: 'test/nest11/package-lock.json' },
] as const;

/** The same source in both module systems: beside `name.ts` its `name-common.cts`. */
function writeHost(consumer: Consumer, name: string): void {
  const source = readFileSync(`test/e2e/hosts/${name}.ts`, 'utf8');
  consumer.write(`${name}.ts`, source);
  consumer.write(`${name}-common.cts`, source.replaceAll(/(from '\.\/\w+)\.js'/g, "$1-common.cjs'"));
}

const consumers: Partial<Record<11 | 12, Consumer>> = {};
const consumerOf = (major: 11 | 12): Consumer => {
  const consumer = consumers[major];
  if (consumer === undefined) throw new Error(`Nothing is installed for Nest ${major}.`);
  return consumer;
};
const output = (major: 11 | 12, file: string): Promise<string> =>
  succeed(consumerOf(major).folder, process.execPath, file);
const seenBy = async (major: 11 | 12, file: string): Promise<Readonly<Record<string, unknown>>> =>
  JSON.parse(await output(major, file)) as Readonly<Record<string, unknown>>;

beforeAll(async () => {
  const tarball = await packLibrary();
  const installing = MAJORS.map(async ({ major, lock }) => {
    const consumer = (consumers[major] = await install(tarball, packages, lock));
    for (const name of ['steps', 'shop', 'cached']) writeHost(consumer, name);
    for (const file of ['testing.ts', 'testing.cts']) {
      consumer.write(file, "export * from 'nest-orchestrator/testing';");
    }
  });
  await Promise.all(installing);
  tarball.remove();
});

afterAll(() => {
  for (const consumer of Object.values(consumers)) consumer.remove();
});

describe.each(MAJORS)('the packed library with Nest $major', ({ major }) => {
  it('is installed with that', () => {
    const manifest = join(consumerOf(major).folder, 'node_modules/@nestjs/common/package.json');
    const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
    expect(version).toMatch(new RegExp(`^${major}\\.`));
  });

  it('has types that ES modules and CommonJS compile against', async () => {
    await consumerOf(major).compile();
  });

  describe.each([
    ['an ES module', 'steps.js', 'cached.js'],
    ['CommonJS', 'steps-common.cjs', 'cached-common.cjs'],
  ])('in an application that is %s', (_, steps, cached) => {
    let seen: Readonly<Record<string, unknown>>;
    beforeAll(async () => {
      seen = await seenBy(major, cached);
    });

    it('runs, guards and validates steps, and takes messages over TCP', async () => {
      expect((await output(major, steps)).trim().split('\n')).toEqual(STEPS);
    });

    it.each(Object.entries(CACHED))('%s', (fact, value) => {
      expect(seen[fact]).toEqual(value);
    });

    it('tells nothing else', () => {
      expect(Object.keys(seen)).toEqual(Object.keys(CACHED));
    });
  });
});

describe('these tests', () => {
  type Change = readonly [from: string, to: string];

  /** Runs `work` while a file of the installed library has a fault. */
  async function having<T>(file: string, changes: readonly Change[], work: () => Promise<T>): Promise<T> {
    const installed = join(consumerOf(12).folder, 'node_modules/nest-orchestrator/dist', file);
    const sound = readFileSync(installed, 'utf8');
    for (const [from] of changes) expect(sound.split(from)).toHaveLength(2);
    writeFileSync(
      installed,
      changes.reduce((text, [from, to]) => text.replace(from, to), sound),
    );
    try {
      return await work();
    } finally {
      writeFileSync(installed, sound);
    }
  }

  it.each<{ fault: string; file: string; changes: readonly Change[]; facts: readonly string[] }>([
    {
      fault: 'a purge before the handler instead of after it',
      file: 'cache/mutation.js',
      changes: [
        [
          'starting(handler, args) {',
          'starting(handler, args) { queueMicrotask(() => { void this.ports.purge(this.tags, null); this.purge = () => Promise.resolve(true); });',
        ],
      ],
      facts: [
        'a step that commits after its handler purges',
        'a request that commits after its handler purges',
        'a message that commits after its handler purges',
      ],
    },
    {
      fault: 'an interceptor that purges before another one commits',
      file: 'cache/operation.interceptor.js',
      changes: [
        [
          'config.getGlobalInterceptors().unshift(this);',
          'const all = config.getGlobalInterceptors(); all.unshift(this); all.push = (other) => all.unshift(other);',
        ],
        ['first === this', 'first !== undefined'],
      ],
      facts: ['a request that commits after its handler purges', 'a message that commits after its handler purges'],
    },
    {
      fault: 'a mutation that runs where nothing purges',
      file: 'operations/handler.probe.js',
      changes: [['by.size > 0', 'by.size < 0']],
      facts: ['a change is refused by pipe, guard, and where nothing would purge'],
    },
  ])('see $fault', async ({ file, changes, facts }) => {
    const seen = await having(file, changes, () => seenBy(12, 'cached.js'));
    const wrong = Object.keys(CACHED).filter((fact) => JSON.stringify(seen[fact]) !== JSON.stringify(CACHED[fact]));
    expect(wrong).toEqual(expect.arrayContaining([...facts]));
  });

  it('see a fault in the packed types', async () => {
    const changes: readonly Change[] = [['export { OrchestratorModule }', 'export declare const wrong: Missing; $&']];
    const compiled = having('index.d.ts', changes, () => consumerOf(12).compile());
    await expect(compiled).rejects.toThrow("Cannot find name 'Missing'");
  });
});
