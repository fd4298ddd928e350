import { describe, expect, it } from '@jest/globals';
import { Body, Controller, Param, Post, Query } from '@nestjs/common';
import { Operation, OrchestratorModule } from 'nest-orchestrator';
import { create, listen, request } from '../../support/servers.js';
import { caller } from '../../support/ways.js';

/** What an HTTP call asks is what its handler's parameters are given. */

@Controller()
class SearchController {
  executed = 0;

  @Post('search/:of')
  @Operation('search', { mutates: false })
  search(@Param('of') of: string, @Query('page') page: unknown, @Body('limit') limit: unknown = 10): object {
    return { of, page, limit, executed: (this.executed += 1) };
  }
}

const search = async (path: string, body: unknown): Promise<unknown> =>
  (await request('POST', `/search/${path}`, body, { tenant: 'acme' })).body;

describe('an HTTP call of a handler with a parameter for each field', () => {
  it.each<[string, readonly [path: string, body: unknown], readonly [path: string, body: unknown], object]>([
    ['null for a field, where there was none and its default was taken', ['rows', {}], ['rows', { limit: null }], { limit: null }],
    ['no field, where it was null', ['rows', { limit: null }], ['rows', {}], { limit: 10 }],
    ['a text for a number', ['rows', { limit: 5 }], ['rows', { limit: '5' }], { limit: '5' }],
    ['a list of one for its item', ['rows', { limit: 5 }], ['rows', { limit: [5] }], { limit: [5] }],
    ['an empty list for nothing', ['rows', {}], ['rows', { limit: [] }], { limit: [] }],
    ['one field for another', ['5', { limit: 1 }], ['1', { limit: 5 }], { of: '1', limit: 5 }],
    ['an empty text in the query for none', ['rows', {}], ['rows?page=', {}], { page: '' }],
  ])('asks something else with %s', async (_, one, other, answer) => {
    await create({ imports: [OrchestratorModule.forRoot({ service: 'alpha', caller })], controllers: [SearchController] });
    await listen();
    expect(await search(...one)).toMatchObject({ executed: 1 });
    expect(await search(...other)).toMatchObject({ ...answer, executed: 2 });
    expect(await search(...one)).toMatchObject({ executed: 1 }); // it was kept
  }); // prettier-ignore
});
