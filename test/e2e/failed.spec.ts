import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type Finished, run, succeed } from '../support/shell.js';
import { until } from '../support/until.js';

jest.setTimeout(180_000); // its commands build the example

let example: ChildProcess;
let url: string;
beforeAll(async () => {
  const env = { ...process.env, PORT: '0', NO_COLOR: '1' };
  const started = spawn(process.execPath, ['dist/src/main.js'], { env, stdio: ['ignore', 'pipe', 'ignore'] });
  example = started;
  url = await new Promise<string>((resolve, reject) => {
    started.once('exit', (code) => {
      reject(new Error(`The example ended with ${String(code)} before it listened.`));
    });
    createInterface(started.stdout).on('line', (line) => {
      const [, served] = /Cookbooks: (http:.*)\/runs\/cookbooks/.exec(line) ?? [];
      if (served !== undefined) resolve(served);
    });
  });
});
afterAll(async () => {
  const ended = once(example, 'exit');
  example.kill();
  await ended;
});

/** The command as `npm run failed` runs it, on the example at `at`. */
function failed(args: readonly string[], at = url): Promise<Finished> {
  process.env['EXAMPLE_URL'] = at;
  return run('.', process.execPath, 'dist/src/failed/run.js', ...args);
}

async function ask(path: string, body?: object): Promise<{ status: number; body: Record<string, unknown> }> {
  const headers = { 'content-type': 'application/json' };
  const request = body === undefined ? {} : { method: 'POST', headers, body: JSON.stringify(body) };
  const response = await fetch(`${url}${path}`, request);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const order = (quantity: number): object => ({
  customer_id: 'C-108',
  lines: [{ sku: 'trowel-willow', quantity }],
  warehouse: 'north',
  card_number: '4242424242424242',
  card_country: 'IE',
});

/** An order of what the shelf does not hold: it fails, and is in the list. */
async function orderInVain(workflow_id: string): Promise<void> {
  await ask('/runs', { cookbook: 'order-to-cash', tenant_id: 'alpine-living', workflow_id, input: order(2) });
  await until(async () => (await ask(`/failed-runs/${workflow_id}`)).status === 200);
}

const completed = (id: string) => async (): Promise<boolean> =>
  (await ask(`/runs/${id}`)).body['status'] === 'completed';

describe('npm run failed', () => {
  it('says that no run has failed, then lists, shows and requeues one, which completes', async () => {
    expect(await failed(['list'])).toEqual({ code: 0, stdout: 'No run has failed.\n', stderr: '' });
    await orderInVain('first');
    const list = await failed(['list']);
    expect(list).toMatchObject({ code: 0, stderr: '' });
    expect(list.stdout).toMatch(/│ first │ order-to-cash │ failed │ reservation │ OUT_OF_STOCK │/);
    const shown = await failed(['show', 'first']);
    expect(shown).toMatchObject({ code: 0, stdout: expect.stringContaining('short of trowel-willow') });

    await ask('/runs', {
      cookbook: 'restock',
      tenant_id: 'alpine-living',
      workflow_id: 'mended',
      input: { warehouse: 'north', limit: 1 },
    });
    await until(completed('mended'));
    expect(await failed(['requeue', 'first', '--input', JSON.stringify(order(1))])).toEqual({
      code: 0,
      stdout: `Run first is tried again. What it comes to: ${url}/runs/first/result\n`,
      stderr: '',
    });
    await until(completed('first'));
  });

  it('is a script of npm, and takes what follows --', async () => {
    process.env['EXAMPLE_URL'] = `${url}/`;
    expect(await succeed('.', 'npm', 'run', '--silent', 'failed', '--', 'list')).toContain('No run has failed.');
  });

  it('tells what the example refuses, by its code, and fails', async () => {
    const refused = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await failed(args);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      return stderr;
    };
    expect(await refused('show', 'nobody')).toMatch(/^RUN_UNKNOWN: .*nobody.*\n$/);
    expect(await refused('requeue', 'nobody')).toMatch(/^RUN_UNKNOWN: .*nobody.*\n$/);
    expect(await refused('requeue', 'first')).toMatch(/^RUN_NOT_REQUEUABLE: .*completed.*\n$/);
    await ask('/runs', { cookbook: 'fraud-rejected', tenant_id: 'alpine-living', workflow_id: 'other', input: { ...order(1), customer_id: 'C-0' } }); // prettier-ignore
    await until(async () => (await ask('/failed-runs/other')).status === 200);
    expect(await refused('requeue', 'other', '--from', 'costumer')).toMatch(/^ARGUMENT_INVALID: .*"customer"/);
    expect(await refused('requeue', 'other', '--from', '')).toMatch(/^from must be longer/);
    expect(await refused('requeue', 'other', '--input', '7')).toMatch(/^INPUT_INVALID: /);
    expect(await refused('requeue', 'other', '--input', '{customer_id}')).toMatch(/^--input must be JSON: [^\n]+\n$/);
    expect(await refused('remove', 'other')).toMatch(/^usage: npm run failed -- list\n/);
  });

  it('says in one line what to start where nothing answers', async () => {
    const closed = await served('');
    const address = addressOf(closed);
    closed.close();
    await once(closed, 'close');
    expect(await failed(['list'], address)).toEqual({
      code: 1,
      stdout: '',
      stderr: `Nothing answers at ${address}: start the example with "npm start", or say in EXAMPLE_URL where it runs.\n`,
    });
  });

  it('notices that somebody else answers', async () => {
    const other = await served('<h1>Welcome</h1>');
    const address = addressOf(other);
    const said = await failed(['list'], address);
    other.close();
    expect(said).toMatchObject({ code: 1, stderr: `What answers at ${address} is not the example (HTTP 200).\n` });
  });
});

async function served(text: string): Promise<Server> {
  const server = createServer((_, response) => response.end(text));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

const addressOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
