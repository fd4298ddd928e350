import { beforeEach, describe, expect, it } from '@jest/globals';
import { Body, Controller, Injectable, Param, Patch, type PipeTransform } from '@nestjs/common';
import { Mutates, Operation, OrchestratorModule, Reads } from 'nest-orchestrator';
import { deferred } from '../../support/deferred.js';
import { request } from '../../support/servers.js';
import { until } from '../../support/until.js';
import { call, caller, Everywhere, serve, WAYS } from '../../support/ways.js';

/** Which row is meant is said by what the handler got: not by what was sent, and never by what somebody makes up. */

let rows: Map<string, number>;
let reads: string[];
beforeEach(() => {
  [rows, reads] = [new Map([['AB1', 1]]), []];
});

@Injectable()
class Canonical implements PipeTransform {
  transform(id: unknown): unknown {
    return typeof id === 'string' ? id.trim().toUpperCase() : id;
  }
}

/** What a handler takes an id for that it does not check. */
const text = (id: unknown): string =>
  typeof id === 'string' ? id : Array.isArray(id) ? id.join() : JSON.stringify(id);

class Row {
  id!: string;
  value!: number;
}

@Injectable()
class CanonicalRow implements PipeTransform {
  transform({ id, value }: Row): Row {
    return { id: id.trim().toUpperCase(), value };
  }
}

/** Rows by an id that a pipe makes something else of; and by one that stays as it is. */
@Controller()
class Rows {
  @Everywhere('get')
  @Reads('row', { id: 'id' })
  get(@Body('id', Canonical) id: string): unknown {
    reads.push(id);
    return { value: rows.get(id) ?? null };
  }

  @Everywhere('put')
  @Mutates('row', { id: 'id' })
  put(@Body('id', Canonical) id: string, @Body('value') value: number): object {
    rows.set(id, value);
    return {};
  }

  @Everywhere('put-whole')
  @Mutates<Row>('row', { id: 'id' })
  putWhole(@Body(CanonicalRow) { id, value }: Row): object {
    rows.set(id, value);
    return {};
  }

  @Everywhere('get-raw')
  @Reads('row', { id: 'id' })
  getRaw(@Body('id') id: unknown): unknown {
    reads.push(JSON.stringify(id));
    return { id, value: rows.get(text(id)) ?? null };
  }

  @Everywhere('put-raw')
  @Mutates('row', { id: 'id' })
  putRaw(@Body('id') id: unknown, @Body('value') value: number): object {
    rows.set(text(id), value);
    return {};
  }

  @Everywhere('list')
  @Reads('row')
  list(): unknown {
    reads.push('list');
    return Object.fromEntries(rows);
  }

  /** Both may hold an id: who sends the body must not say which row was changed. */
  @Patch('rows/:id')
  @Operation('patch')
  @Mutates('row', { id: 'id' })
  patch(@Body() { value }: Row, @Param() { id }: Row): object {
    rows.set(id, value);
    return {};
  }

  @Patch('named/:id')
  @Operation('patch-named')
  @Mutates('row', { id: 'id' })
  patchNamed(@Body('id') _: unknown, @Body('value') value: number, @Param('id') id: string): object {
    rows.set(id, value);
    return {};
  }
}

const serveRows = (): Promise<void> =>
  serve({ imports: [OrchestratorModule.forRoot({ service: 'alpha', caller })], controllers: [Rows] });

describe.each(WAYS)('an id that a pipe changes, by %s', (way) => {
  it('finds what was stored for it, however it is spelt', async () => {
    await serveRows();
    for (const id of [' ab1 ', ' ab1 ', 'AB1', 'AB1']) expect(await call(way, 'get', { id })).toEqual({ value: 1 });
    expect(reads).toEqual(['AB1', 'AB1']); // each spelling once
  });

  it.each(['put', 'put-whole'])('purges every spelling of it, and nothing else: %s', async (mutation) => {
    await serveRows();
    const spellings = [' ab1 ', 'AB1', 'ab1', 'other'];
    const all = (): Promise<unknown[]> => Promise.all(spellings.map((id) => call(way, 'get', { id })));
    await all();
    await call(way, mutation, { id: '  Ab1', value: 2 });
    expect(await all()).toEqual([{ value: 2 }, { value: 2 }, { value: 2 }, { value: null }]);
    expect(reads.filter((id) => id === 'OTHER')).toHaveLength(1);
    await call(way, mutation, { id: 'ab1 ', value: 3 });
    expect((await all()).slice(0, 3)).toEqual(Array(3).fill({ value: 3 }));
  });
});

const FORGED: readonly (readonly [string, unknown])[] = [
  ['the mark of collections', '~'],
  ['the mark of any', '~any'],
  ['two names', 'AB1/x'],
  ['a path', '../AB1'],
  ['an escape', 'AB1%2Fx'],
  ['an escaped mark', '%7E'],
  ['a key of every object', '__proto__'],
  ['another key of every object', 'constructor'],
  ['an object', { id: 'AB1' }],
  ['an object that says what it is', { toString: 'AB1' }],
  ['a list', ['AB1']],
  ['an empty list', []],
  ['null', null],
  ['an empty text', ''],
  ['a very long text', 'x'.repeat(50_000)],
  ['a text of control characters', '\u0000\r\n\u2028'],
  ['half a character', '\ud800'],
  ['a number', 1],
  ['false', false],
];

describe.each(WAYS)('an id that somebody makes up, by %s', (way) => {
  const get = (id: unknown): Promise<unknown> => call(way, 'get-raw', { id });
  const put = (id: unknown): Promise<unknown> => call(way, 'put-raw', { id, value: 2 });
  const kind = (wanted: 'text' | 'none'): typeof FORGED =>
    FORGED.filter(([, id]) => (typeof id === 'string' ? 'text' : typeof id === 'object' ? 'none' : '') === wanted);

  it('is no other one', async () => {
    await serveRows();
    const others = ['AB1', 'x', 'id', '1', 'undefined', 'null', 'false'];
    for (const other of others) await get(other);
    reads = [];
    for (const [, id] of FORGED) expect(await get(id)).toEqual({ id, value: rows.get(text(id)) ?? null });
    expect(reads).toEqual(FORGED.map(([, id]) => JSON.stringify(id)));
  });

  it('purges whatever it changes, and lists', async () => {
    await serveRows();
    for (const [, id] of FORGED) {
      await get(id);
      await call(way, 'list');
      await put(id);
      expect(await get(id)).toEqual({ id, value: 2 });
      expect(await call(way, 'list')).toMatchObject({ [text(id)]: 2 });
    }
  });

  it('and is no text purges every row: nobody knows what its handler takes it for', async () => {
    await serveRows();
    for (const [, id] of kind('none')) {
      await get('other');
      reads = [];
      await put(id);
      await get('other');
      expect(reads).toEqual(['"other"']);
    }
  });

  it('and is a text purges no row but its own', async () => {
    await serveRows();
    await get('other');
    for (const [, id] of kind('text')) await put(id);
    await get('other');
    expect(reads).toEqual(['"other"']);
  });

  it('and is a text is purged by no change of another row', async () => {
    await serveRows();
    const cached = kind('text').filter(([name]) => name !== 'half a character'); // which no canonical JSON can hold
    for (const [, id] of cached) await get(id);
    reads = [];
    await put('other');
    for (const [, id] of cached) await get(id);
    expect(reads).toEqual([]);
  });
});

describe('an id that stands in the path and in the body', () => {
  it.each(['rows', 'named'])('is that of neither where they differ: every row is purged (%s)', async (path) => {
    await serveRows();
    await call('http', 'get-raw', { id: 'AB1' });
    await request('PATCH', `/${path}/AB1`, { value: 2, id: 'other' }, { tenant: 'acme' });
    expect(await call('http', 'get-raw', { id: 'AB1' })).toEqual({ id: 'AB1', value: 2 });
  });

  it.each(['rows', 'named'])('is that one where they agree: no other row is purged (%s)', async (path) => {
    await serveRows();
    await call('http', 'get-raw', { id: 'AB1' });
    await call('http', 'get-raw', { id: '7' });
    await request('PATCH', `/${path}/7`, { value: 2, id: 7 }, { tenant: 'acme' });
    expect(await call('http', 'get-raw', { id: '7' })).toEqual({ id: '7', value: 2 });
    await call('http', 'get-raw', { id: 'AB1' });
    expect(reads).toEqual(['"AB1"', '"7"', '"7"']);
  });
});

let loaded = 0;
let gate = deferred();

/** As it is when the pipe runs. */
async function load(id: string): Promise<Row> {
  const row = { id, value: rows.get(id) ?? 0 };
  loaded += 1;
  await gate.promise;
  return row;
}

/** A pipe that makes of an id the row itself. */
@Injectable()
class Load implements PipeTransform {
  transform(id: string): Promise<Row> {
    return load(id.trim().toUpperCase());
  }
}

/** A pipe that makes of an input the row that it names, by an id of its own. */
@Injectable()
class LoadWhole implements PipeTransform {
  transform({ id }: Row): Promise<Row> {
    return load(id.trim().toUpperCase());
  }
}

@Controller()
class LoadedRows {
  @Everywhere('get')
  @Reads('row', { id: 'id' })
  get(@Body('id', Load) { value }: Row): unknown {
    reads.push('AB1');
    return { value };
  }

  @Everywhere('get-whole')
  @Reads<Row>('row', { id: 'id' })
  getWhole(@Body(LoadWhole) { value }: Row): unknown {
    reads.push('AB1');
    return { value };
  }

  @Everywhere('put')
  @Mutates('row', { id: 'id' })
  put(@Body('id') id: string, @Body('value') value: number): object {
    rows.set(id, value);
    return {};
  }
}

describe.each(WAYS)('a row that a pipe loads, by %s', (way) => {
  beforeEach(async () => {
    [loaded, gate] = [0, deferred()];
    await serve({ imports: [OrchestratorModule.forRoot({ service: 'alpha', caller })], controllers: [LoadedRows] });
  });
  const each = it.each(['get', 'get-whole']);

  each('and that changes before the handler starts is never served to whoever asks after that: %s', async (get) => {
    const early = call(way, get, { id: ' ab1 ' });
    await until(() => loaded === 1);
    await call(way, 'put', { id: 'AB1', value: 2 });
    gate.resolve();
    await early;
    expect(await call(way, get, { id: ' ab1 ' })).toEqual({ value: 2 });
  });

  each('and that changes before the handler starts is not told to whoever asks the same meanwhile: %s', async (get) => {
    const early = call(way, get, { id: ' ab1 ' });
    await until(() => loaded === 1);
    await call(way, 'put', { id: 'AB1', value: 2 });
    const late = call(way, get, { id: ' ab1 ' });
    await until(() => loaded === 2);
    gate.resolve();
    expect(await early).toEqual({ value: 1 });
    expect(await late).toEqual({ value: 2 });
  });

  each('is served from the cache until it changes: %s', async (get) => {
    gate.resolve();
    for (const value of [1, 2, 3]) {
      await call(way, 'put', { id: 'AB1', value });
      for (let time = 0; time < 2; time += 1) expect(await call(way, get, { id: ' ab1 ' })).toEqual({ value });
    }
    expect(reads).toHaveLength(3);
  });
});
