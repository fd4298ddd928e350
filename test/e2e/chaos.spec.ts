import { describe, expect, it, jest } from '@jest/globals';
import { succeed } from '../support/shell.js';

jest.setTimeout(600_000); // processes are killed and come up again

describe('npm run chaos -- --smoke', () => {
  it('loses, splits and repeats nothing while processes are killed, and sees what would', async () => {
    const stdout = await succeed('.', 'npm', 'run', 'chaos', '--', '--smoke');
    expect(stdout).toMatch(/kill -9 of workers.+ok/);
    expect(stdout).toMatch(/control.+ok/);
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/^✔ \d+ scenes as they must be/);
  });
});
