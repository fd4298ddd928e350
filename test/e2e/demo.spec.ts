import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { describe, expect, it, jest } from '@jest/globals';
import { succeed } from '../support/shell.js';

jest.setTimeout(180_000); // it builds the example first

describe('npm run demo', () => {
  it('runs every cookbook to the end that is meant for it, and says so last', async () => {
    const stdout = await succeed('.', 'npm', 'run', 'demo');
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/^✔ \d+ runs completed, \d+ failed as meant/);
    expect(stdout).toMatch(/✔ order-to-cash .+OUT_OF_STOCK.+↺ requeued.+reservation .+✔.+confirmed/s);
    const [, disputed = ''] = /✔ disputed-invoice (.+?)\n\n\n/s.exec(stdout) ?? [];
    expect(disputed).toMatch(/ miss .+ miss .+ purge: invoice I-1024 .+ miss .+ hit /s);
    expect(stdout).toContain('by HTTP: 200, purge: product planter-meadow');
  });

  it('ends without a word when its reader has seen enough, as head has', async () => {
    const demo = spawn(process.execPath, ['dist/src/demo/run.js'], { stdio: ['ignore', 'pipe', 'pipe'] });
    const closed = once(demo, 'close');
    const said = text(demo.stderr);
    await once(demo.stdout, 'data');
    demo.stdout.destroy();
    const [code] = (await closed) as [number | null];
    expect({ code, said: await said }).toEqual({ code: 0, said: '' });
  });
});
