import { describe, expect, it } from '@jest/globals';
import { All, Controller, Delete, Get, Post } from '@nestjs/common';
import { Mutates, Operation, OrchestratorModule, type OrchestratorModuleOptions, Reads } from 'nest-orchestrator';
import { create, listen, log, request } from '../../support/servers.js';
import { caller } from '../../support/ways.js';

/** What nobody has declared is taken for a read: of what changes something, that must not happen silently. */

let done: string[];
const act = (what: string): number => done.push(what);

@Controller()
class ShopController {
  @Post('pay') @Operation('pay')
  pay(): number { return act('pay'); }

  @Delete('order') @Operation('cancel')
  cancel(): number { return act('cancel'); }

  @All('any') @Operation('any')
  any(): number { return act('any'); }

  @Post('search') @Operation('search') @Reads('order')
  search(): number { return act('search'); }

  @Post('count') @Operation('count', { mutates: false })
  count(): number { return act('count'); }

  @Post('ship') @Operation('ship') @Mutates('order')
  ship(): number { return act('ship'); }

  @Get('price') @Operation('price')
  price(): number { return act('price'); }

  @Operation('bill')
  bill(): number { return act('bill'); }
} // prettier-ignore

async function boot(options: OrchestratorModuleOptions = {}): Promise<void> {
  done = [];
  const shop = OrchestratorModule.forRoot({ service: 'shop', caller, ...options });
  await create({ imports: [shop], controllers: [ShopController] });
  await listen();
}

const twice = async (method: string, path: string): Promise<void> => {
  for (let time = 0; time < 2; time += 1)
    await request(method, path, method === 'GET' ? undefined : {}, { tenant: 'acme' });
};
const warned = (): string[] => log.filter((line) => line.includes('nothing says whether it changes something'));
const taken = (): string[] => log.filter((line) => line.includes('takes for reads'));

describe('an operation of which nothing is declared', () => {
  it.each([
    ['executed each time', 'POST', '/pay', 2],
    ['executed each time', 'DELETE', '/order', 2],
    ['executed each time', 'PATCH', '/any', 2],
    ['answered from the cache', 'GET', '/price', 1],
    ['answered from the cache, since it is declared', 'POST', '/search', 1],
    ['answered from the cache, since it is declared', 'POST', '/count', 1],
  ])('is %s: %s %s', async (_, method, path, executions) => {
    await boot();
    await twice(method, path);
    expect(done).toHaveLength(executions);
  });

  it('is told at boot: with a warning where its route is for changes, by name where it is cached', async () => {
    await boot();
    expect(warned()).toEqual([
      expect.stringMatching(/^Operation "pay" of "shop" \(ShopController\.pay\) has a route for POST, .+Add @Mutates/),
      expect.stringContaining('"cancel" of "shop" (ShopController.cancel) has a route for DELETE'),
      expect.stringContaining('"any" of "shop" (ShopController.any) has a route for ALL'),
    ]);
    expect(taken()).toEqual([
      'Service "shop" takes for reads, and answers from its cache: price, bill. Add @Mutates to what changes something.',
    ]);
  });

  it('is no news where the service has no cache', async () => {
    await boot({ cache: false });
    expect([...warned(), ...taken()]).toEqual([]);
  });
});
