import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';

interface Violation {
  readonly rule: { readonly name: string };
  readonly from: string;
  readonly to: string;
}

interface Report {
  readonly violations: readonly Violation[];
  readonly ruleSetUsed: { readonly forbidden: readonly { readonly name: string }[] };
}

jest.setTimeout(60_000); // it reads the whole tree; a busy machine takes its time

const ROOT = process.cwd();
const CRUISER = resolve('node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
const RULES = resolve('.dependency-cruiser.mjs');

/** What the rules say of the tree under `cwd`. */
function cruise(cwd: string): Report {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [CRUISER, 'src', 'libs/orchestrator/src', '--config', RULES, '--output-type', 'json'],
    { cwd, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
  );
  if (stdout === '') throw new Error(`dependency-cruiser said nothing: ${stderr}`);
  return (JSON.parse(stdout) as { summary: Report }).summary;
}

/** Faults: the rule that must see it, the file of the library, what it imports. */
const PLANTED: readonly (readonly [rule: string, file: string, imported: string])[] = [
  ['no-circular', 'utils/egg.ts', './hen.js'],
  ['no-unresolvable', 'utils/lost.ts', './nowhere.js'],
  ['no-barrel-inside', 'hop.ts', './index.js'],
  ['no-barrel-inside', 'orchestrator.module.ts', './testing/index.js'],
  ['no-barrel-inside', 'orchestrator.options.ts', './redis.js'],
  ['module-points-down', 'orchestrator.service.ts', './testing/harness.js'],
  ['hop-points-down', 'hop.ts', './orchestrator.service.js'],
  ['execution-points-down', 'execution/task.runner.ts', '../hop.js'],
  ['execution-points-down', 'transports/router.ts', '../testing/harness.js'],
  ['ports-points-down', 'state/state.store.ts', '../execution/task.runner.js'],
  ['ports-points-down', 'events/workflow-events.ts', '../transports/router.js'],
  ['operations-points-down', 'operations/operation.registry.ts', '../cache/step-cache.js'],
  ['operations-points-down', 'decorators/reads.decorator.ts', '../state/state.store.js'],
  ['engine-points-down', 'engine/advance.ts', '../operations/operation.registry.js'],
  ['definition-points-down', 'cookbook/cookbook.parser.ts', '../engine/advance.js'],
  ['message-points-down', 'message/message.codec.ts', '../references/scanner.js'],
  ['ground-points-down', 'errors/step.error.ts', '../message/message.codec.js'],
  ['execution-strangers', 'execution/retry-policy.ts', '../transports/router.js'],
  ['cache-strangers', 'cache/step-cache.ts', '../events/workflow-events.js'],
  ['state-strangers', 'state/memory.store.ts', '../cache/step-cache.js'],
  ['events-strangers', 'events/monitoring.ts', '../state/state.store.js'],
  ['references-strangers', 'references/template.ts', '../cookbook/cookbook.parser.js'],
  ['engine-is-pure', 'engine/plan.ts', 'ms'],
  ['engine-is-pure', 'engine/run.ts', 'node:crypto'],
  ['engine-reaches-nothing-impure', 'engine/position.ts', '../references/clock-reader.js'],
  ['engine-reaches-nothing-impure', 'engine/transition.ts', '../message/nest-message.js'],
  ['schemas-stay-in-the-cookbook', 'references/scanner.ts', 'ajv'],
  ['declared-packages', 'utils/tool.ts', 'fast-check'],
  ['no-optional-peer-in-the-root', 'index.ts', './orchestrator.health.js'],
];

/** What lies below a planted fault, and is itself allowed. */
const SOUND: Readonly<Record<string, string>> = {
  'utils/hen.ts': './egg.js',
  'references/clock-reader.ts': '../utils/clock.js',
  'utils/clock.ts': 'node:timers',
  'message/nest-message.ts': '@nestjs/common',
  'orchestrator.health.ts': '@nestjs/testing',
  'testing/harness.ts': '../orchestrator.module.js',
  'testing/index.ts': './harness.js',
  'redis.ts': './state/state.store.js',
  'utils/duration.ts': 'ms',
  'cookbook/cookbook.validator.ts': '../references/scanner.js',
  'operations/operations.explorer.ts': '../decorators/reads.decorator.js',
  'transports/message-out.ts': '../execution/task.runner.js',
  'transports/memory.broker.ts': '../state/state.store.js',
};

const planted = (rule: string): string =>
  PLANTED.filter(([name]) => name === rule)
    .map(([, file]) => file)
    .join(', ');

describe('imports', () => {
  it('point one way in this repository', () => {
    const { violations } = cruise(ROOT);
    expect(violations.map(({ rule, from, to }) => `${from} may not import ${to}: ${rule.name}`)).toEqual([]);
  });

  describe('of a tree with planted faults', () => {
    const tree = mkdtempSync(join(tmpdir(), 'imports-'));
    let report: Report;

    beforeAll(() => {
      const contents = new Map<string, string[]>();
      const sources = [...PLANTED.map(([, file, to]) => [file, to] as const), ...Object.entries(SOUND)];
      for (const [file, to] of sources) contents.set(file, [...(contents.get(file) ?? []), `import '${to}';`]);
      for (const [file, lines] of contents) write(`libs/orchestrator/src/${file}`, lines);
      write('src/main.ts', ["import '../libs/orchestrator/src/hop.js';"]);
      copyFileSync('tsconfig.json', join(tree, 'tsconfig.json'));
      copyFileSync('package.json', join(tree, 'package.json'));
      copyFileSync('libs/orchestrator/package.json', join(tree, 'libs/orchestrator/package.json'));
      symlinkSync(resolve('node_modules'), join(tree, 'node_modules'));
      report = cruise(tree);
    });

    afterAll(() => {
      rmSync(tree, { recursive: true, force: true });
    });

    function write(file: string, lines: readonly string[]): void {
      mkdirSync(dirname(join(tree, file)), { recursive: true });
      writeFileSync(join(tree, file), `${lines.join('\n')}\n`);
    }

    const caught = (rule: string, file: string): boolean =>
      report.violations.some((violation) => violation.rule.name === rule && violation.from === file);

    it.each(PLANTED)('are seen by %s in %s, which imports %s', (rule, file) => {
      expect(caught(rule, `libs/orchestrator/src/${file}`)).toBe(true);
    });

    it('are seen when the example reaches into the library', () => {
      expect(caught('example-uses-the-public-api', 'src/main.ts')).toBe(true);
    });

    it('are left alone where they are sound', () => {
      const sound = Object.keys(SOUND).map((file) => `libs/orchestrator/src/${file}`);
      const accused = report.violations.filter(({ from, rule }) => sound.includes(from) && rule.name !== 'no-circular');
      expect(accused).toEqual([]);
    });

    it('have a fault for every rule there is', () => {
      const rules = report.ruleSetUsed.forbidden.map(({ name }) => name);
      expect(rules.filter((rule) => rule !== 'example-uses-the-public-api' && planted(rule) === '')).toEqual([]);
    });
  });
});
