import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Consumer, installPacked } from '../support/consumer.js';
import { succeed } from '../support/shell.js';

const FOLDER = 'node_modules/.nest11/node_modules';

const { dependencies } = JSON.parse(readFileSync('test/nest11/package.json', 'utf8')) as {
  dependencies: Record<string, string>;
};
const nest = Object.keys(dependencies).filter((name) => name.startsWith('@nestjs/'));

it.each(nest)('the specs of this project run on version 11 of %s', (name) => {
  const { version } = createRequire(import.meta.url)(`${name}/package.json`) as { version: string };
  expect(version).toMatch(/^11\./);
});

describe('the packed library on Nest 11, in plain Node', () => {
  let consumer: Consumer;

  beforeAll(async () => {
    consumer = await installPacked(Object.keys(dependencies), FOLDER);
    const source = readFileSync('test/nest11/host.ts', 'utf8');
    consumer.write('module.ts', source);
    consumer.write('common.cts', source);
    await consumer.compile();
  }, 180_000);

  afterAll(() => {
    consumer.remove();
  });

  it.each(['module.js', 'common.cjs'])(
    'runs, guards and validates steps, and takes messages over TCP, in an application that is %s',
    async (file) => {
      const stdout = await succeed(consumer.folder, process.execPath, file);
      expect(stdout.trim().split('\n')).toEqual([
        'completed 75',
        'failed null 403',
        'failed null 400',
        'failed NOT_A_REQUEST 403',
        'over TCP 100',
      ]);
    },
  );
});
