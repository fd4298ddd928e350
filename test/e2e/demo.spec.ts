import { describe, expect, it, jest } from '@jest/globals';
import { succeed } from '../support/shell.js';

jest.setTimeout(180_000); // it builds the example first

describe('npm run demo', () => {
  it('runs every cookbook to the end that is meant for it, and says so last', async () => {
    const stdout = await succeed('.', 'npm', 'run', 'demo');
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/\d+ runs completed, \d+ failed as meant/);
  });
});
