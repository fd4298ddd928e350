import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

jest.setTimeout(60_000); // each installs twice, though only from its own folder

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'install-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function write(file: string, document: object): void {
  mkdirSync(join(folder, file, '..'), { recursive: true });
  writeFileSync(join(folder, file), JSON.stringify(document));
}

/** A package that needs `neighbour`, which asks for a Node that nobody has. Nothing is downloaded. */
function project(locked: object): void {
  write('package.json', { name: 'project', version: '1.0.0', dependencies: { neighbour: 'file:neighbour' } });
  write('neighbour/package.json', { name: 'neighbour', version: '1.0.0', engines: { node: '>=99' } });
  const packages = {
    '': { name: 'project', version: '1.0.0', dependencies: { neighbour: 'file:neighbour' } },
    neighbour: { version: '1.0.0', engines: { node: '>=99' } },
    ...locked,
  };
  write('package-lock.json', { name: 'project', version: '1.0.0', lockfileVersion: 3, requires: true, packages });
}

function install(): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, ['scripts/install.mjs', folder], { encoding: 'utf8' });
}

describe('the install before every command', () => {
  it("says in one line what it did, none of npm's warnings, and does it once per lock file", () => {
    project({ 'node_modules/neighbour': { resolved: 'neighbour', link: true } });
    const { status, stdout, stderr } = install();
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^Installing the packages of .+package-lock\.json with npm ci … done in \d+\.\d s\n$/);
    expect(existsSync(join(folder, 'node_modules/neighbour/package.json'))).toBe(true);
    expect(install()).toMatchObject({ status: 0, stdout: '', stderr: '' });
  });

  it('shows why npm failed, fails too, and tries again the next time', () => {
    project({});
    for (const { status, stdout, stderr } of [install(), install()]) {
      expect(status).toBe(1);
      expect(stdout).toMatch(/failed after \d+\.\d s\n$/);
      expect(stderr).toContain('Missing: neighbour@');
    }
  });
});
