import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, it } from '@jest/globals';

const { dependencies } = JSON.parse(readFileSync('test/nest11/package.json', 'utf8')) as {
  dependencies: Record<string, string>;
};
const MAJOR: Readonly<Record<string, RegExp>> = { '@nestjs/cache-manager': /^3\./ };
const nest = Object.keys(dependencies).filter((name) => name.startsWith('@nestjs/'));

it.each(nest)('the specs of this project run on the version of %s that is for Nest 11', (name) => {
  const { version } = createRequire(import.meta.url)(`${name}/package.json`) as { version: string };
  expect(version).toMatch(MAJOR[name] ?? /^11\./);
});
