import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Controller, type DynamicModule } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { TaskRunner } from '../../../libs/orchestrator/src/execution/task.runner.js';
import { MemoryCoherence } from '../../../libs/orchestrator/src/cache/memory/memory.coherence.js';
import {
  Mutates,
  Operation,
  type OperationEntries,
  type OperationLookup,
  OrchestratorModule,
  type OrchestratorModuleOptions,
  Reads,
} from 'nest-orchestrator';
import { type BootedServices, bootServices, serviceOf } from 'nest-orchestrator/testing';
import { asking } from '../../support/ask.js';
import { book, task } from '../../support/cookbook-documents.js';
import { feature } from '../../support/operations.js';

/** What is said of operations, by a lookup, by a step, and across services. */

let services: BootedServices | undefined;
let calls: string[];
beforeEach(() => {
  calls = [];
});
afterEach(async () => {
  await services?.close();
  services = undefined;
});

const alpha = (): ReturnType<BootedServices['orchestrator']> => {
  if (services === undefined) throw new Error('not booted');
  return services.orchestrator('alpha');
};
const ask = asking(alpha);

/** Runs a step, that says whether it mutates, on its own. */
async function step(operation: string, mutates?: boolean): Promise<unknown> {
  const said = mutates === undefined ? {} : { mutates };
  const { output } = await alpha().run(book([task('s', { service: 'alpha', operation, input: {}, ...said })]));
  return output;
}

const noop = (): null => null;

@Controller()
class Shop {
  @Operation('price')
  @Reads('price')
  price(): unknown {
    return calls.push('price');
  }

  @Operation('stock')
  @Reads('stock')
  stock(): unknown {
    return calls.push('stock');
  }

  @Operation('visit')
  visit(): unknown {
    return calls.push('visit');
  }

  @Operation('set price')
  @Mutates('price')
  setPrice(): unknown {
    return calls.push('set price');
  }
}

async function bootShop(operations?: OperationLookup): Promise<void> {
  const options = { service: 'alpha', retry: { maxAttempts: 1 }, ...(operations && { operations }) };
  services = await bootServices({ imports: [OrchestratorModule.forRoot(options)], controllers: [Shop] });
  await step('price');
  await step('stock');
  calls = [];
}

/** Which reads are executed again, as what they had cached is purged. */
async function purged(): Promise<string[]> {
  calls = [];
  await step('price');
  await step('stock');
  return calls;
}

describe('a lookup', () => {
  /** It says something of one operation, and nothing of the others. */
  const saying =
    (operation: string, answer: ReturnType<OperationLookup>): OperationLookup =>
    (_, asked) =>
      asked.operation === operation ? answer : undefined;

  it('is asked before every step, for its service and with the step', async () => {
    const asked: unknown[] = [];
    await bootShop((service, { step_id, operation }) => void asked.push([service, step_id, operation]));
    expect(await step('price')).toBe(1);
    expect(asked).toEqual([['price', 'stock', 'price'].map((operation) => ['alpha', 's', operation])].flat());
  });

  it.each(['price', 'set price'])('that throws fails the step before its handler: %s', async (operation) => {
    let isBroken = false;
    await bootShop(() => {
      if (isBroken) throw new Error('no lookup today');
      return undefined;
    });
    isBroken = true;
    await expect(step(operation)).rejects.toMatchObject({ failure: { message: 'no lookup today', path: 's' } });
    expect(calls).toEqual([]);
  });

  it.each([[Promise.resolve({ mutates: true })], ['yes'], [{ mutates: 'yes' }], [{ resource_type: 7 }]])(
    'that answers what it must not fails the step before its handler: %p',
    async (answer) => {
      await bootShop(saying('visit', answer as never));
      await expect(step('visit')).rejects.toMatchObject({ failure: { message: expect.stringContaining('lookup') as never } }); // prettier-ignore
      expect(calls).toEqual([]);
    },
  ); // prettier-ignore

  it('that says that an operation mutates lets it be executed each time, and purge anything of its service', async () => {
    await bootShop(saying('visit', { mutates: true }));
    expect([await step('visit'), await step('visit')]).toEqual([1, 2]);
    expect(await purged()).toEqual(['price', 'stock']);
  });

  it('that names a resource lets it purge that one', async () => {
    await bootShop(saying('visit', { mutates: true, resource_type: 'stock' }));
    await step('visit');
    expect(await purged()).toEqual(['stock']);
  });

  it('that names another resource than is declared lets it purge anything: nobody knows which is right', async () => {
    await bootShop(saying('set price', { resource_type: 'stock' }));
    await step('set price');
    expect(await purged()).toEqual(['price', 'stock']);
  });

  it('that may name another resource lets anything be purged where a step was not seen to its end', async () => {
    await bootShop(saying('set price', { resource_type: 'stock' }));
    const [runner] = services?.app.get(TaskRunner, { strict: false, each: true }) ?? [];
    if (runner === undefined) throw new TypeError('There is no runner.');
    const dying = jest.spyOn(runner, 'run').mockRejectedValue(new TypeError('it dies here'));
    const { workflowId } = await alpha().start(book([task('s', { service: 'alpha', operation: 'set price' })]));
    await services?.clock.advance(0);
    await alpha().cancel(workflowId);
    await services?.settle();
    expect(await alpha().status(workflowId)).toMatchObject({ status: 'cancelled' });
    dying.mockRestore();
    expect(await purged()).toEqual(['price', 'stock']);
  });

  it('that says that a mutation mutates nothing takes nothing away', async () => {
    await bootShop(saying('set price', { mutates: false }));
    expect([await step('set price'), await step('set price')]).toEqual([1, 2]);
    expect(await purged()).toEqual(['price']);
  });
});

describe('a step', () => {
  it('that says that it mutates is executed each time, and purges anything of its service', async () => {
    await bootShop();
    expect([await step('visit', true), await step('visit', true)]).toEqual([1, 2]);
    expect(await purged()).toEqual(['price', 'stock']);
  });

  it('that says so of a mutation purges what that declares', async () => {
    await bootShop();
    await step('set price', true);
    expect(await purged()).toEqual(['price']);
  });

  it('that says that a mutation mutates nothing takes nothing away', async () => {
    await bootShop();
    expect([await step('set price', false), await step('set price', false)]).toEqual([1, 2]);
    expect(await purged()).toEqual(['price']);
  });

  it('that says that a read mutates nothing is cached as ever', async () => {
    await bootShop();
    expect([await step('price', false), await step('price', false)]).toEqual([1, 1]);
    expect(calls).toEqual([]);
  });
});

describe('a read that declares nothing', () => {
  it.each<[string, object]>([
    ['put', { id: 'a' }],
    ['raise', {}],
    ['anything', {}],
  ])('is executed again after any change of its service, whatever that declares: %s', async (operation, input) => {
    const operations: OperationEntries = {
      put: { mutates: true, resource_type: 'row', resource_id: 'id' },
      raise: { mutates: true, resource_type: 'row' },
    };
    const look = (): number => calls.push('look');
    const shop = serviceOf('alpha', { reads: { look }, mutates: { put: noop, raise: noop, anything: noop } }, { operations }); // prettier-ignore
    services = await bootServices({ imports: [shop] });
    expect([await ask('look'), await ask('look')]).toEqual([1, 1]);
    await ask(operation, input);
    expect(await ask('look')).toBe(2);
  });
});

@Controller()
class Statements {
  @Operation('statement')
  @Reads<{ customer: string }>('customer', { id: 'customer', service: 'crm' })
  statement(@Payload('customer') customer: string): unknown {
    return `statement ${customer}, ${calls.push(customer)}`;
  }

  @Operation('customers')
  @Reads('customer', { service: 'crm' })
  customers(): unknown {
    return `customers, ${calls.push('all')}`;
  }

  @Operation('own')
  own(): unknown {
    return `own, ${calls.push('own')}`;
  }
}

const CRM: OperationEntries = {
  move: { mutates: true, resource_type: 'customer', resource_id: 'id' },
  merge: { mutates: true, resource_type: 'customer' },
  call: { mutates: true, resource_type: 'phone call' },
  wipe: { mutates: true },
};
const crm = (options: OrchestratorModuleOptions = {}): NonNullable<DynamicModule['imports']>[number] =>
  serviceOf('crm', { mutates: { move: noop, merge: noop, call: noop, wipe: noop } }, { operations: CRM, ...options });
const statements = (options: OrchestratorModuleOptions = {}): DynamicModule =>
  feature({ imports: [OrchestratorModule.forRoot({ service: 'alpha', ...options })], controllers: [Statements] });

describe('a read of what another service owns', () => {
  const tenant = { tenantId: 'acme' };
  const change = (operation: string, input: object, options = tenant): Promise<unknown> =>
    alpha().run(book([task('s', { service: 'crm', operation, input })]), options);

  async function again(): Promise<string[]> {
    calls = [];
    await ask('statement', { customer: 'ada' }, tenant);
    await ask('statement', { customer: 'bob' }, tenant);
    await ask('customers', {}, tenant);
    await ask('own', {}, tenant);
    return calls;
  }

  it.each<[string, object, string[]]>([
    ['move', { id: 'ada' }, ['ada', 'all']],
    ['merge', {}, ['ada', 'bob', 'all']],
    ['call', {}, []],
    ['wipe', {}, ['ada', 'bob', 'all']],
  ])('is purged by that service: %s %j purges %j', async (operation, input, expected) => {
    services = await bootServices({ imports: [statements(), crm()] });
    await again();
    await change(operation, input);
    expect(await again()).toEqual(expected);
    await change(operation, input, { tenantId: 'zeta' });
    expect(await again()).toEqual([]);
  });

  it.each<[string, readonly unknown[], string]>([
    ['is not there', [statements()], 'which is not in this application, while the tokens of its cache are'],
    ['has no cache', [statements(), crm({ cache: false })], 'which has cache: false'],
    ['has another namespace', [statements(), crm({ namespace: 'other' })], 'which has another namespace, "other" instead of "orchestrator"'],
    ['has its tokens elsewhere', [statements(), crm({ cache: { coherence: { kind: 'own', create: () => new MemoryCoherence() } } })], 'whose cache has its tokens elsewhere'],
  ])('is refused at boot where that service %s', async (_, imports, why) => {
    await expect(bootServices({ imports: imports as never })).rejects.toMatchObject({
      code: 'CONFIGURATION_INVALID',
      message: expect.stringMatching(/^Operation "statement" of "alpha" reads "customer" of service "crm", /) as never,
    });
    await expect(bootServices({ imports: imports as never })).rejects.toThrow(why);
  }); // prettier-ignore

  it('is no concern of a service that has no cache', async () => {
    services = await bootServices({ imports: [statements({ cache: false })] });
    expect(await again()).toHaveLength(4);
    expect(await again()).toHaveLength(4);
  });

  it('is no concern of an operation that is not cached, as the refusal says', async () => {
    const uncached: OperationEntries = { statement: { cache: false }, customers: { cache: false } };
    services = await bootServices({ imports: [statements({ operations: uncached })] });
    expect(await again()).toEqual(['ada', 'bob', 'all', 'own']);
    expect(await again()).toEqual(['ada', 'bob', 'all']);
  });
});
