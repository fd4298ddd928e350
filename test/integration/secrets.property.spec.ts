import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { HttpException } from '@nestjs/common';
import type { Cookbook, Step, TaskStep } from '../../libs/orchestrator/src/cookbook/cookbook.js';
import { planOf } from '../../libs/orchestrator/src/engine/plan.js';
import { Veil } from '../../libs/orchestrator/src/engine/secrets/veil.js';
import { foreach } from '../../libs/orchestrator/src/engine/steps/foreach.step.js';
import { group } from '../../libs/orchestrator/src/engine/steps/group.step.js';
import type { OperationContext } from '../../libs/orchestrator/src/operations/operation.js';
import { type BootedServices, bootServices } from '../../libs/orchestrator/src/testing/boot-services.js';
import { serviceOf, type TestOperation } from '../../libs/orchestrator/src/testing/service-of.js';
import { API_INPUT, generateCookbook } from '../support/random/cookbooks.js';
import { answer, MUTATING, OPERATIONS, type OperationName, SERVICES } from '../support/random/library.js';
import { Prng } from '../support/random/prng.js';

/** Generated cookbooks, some of whose steps are given a secret, or an item of a list, in a sensitive field or in another. */

const MARK = 'M4RKED-secret';
const ITEMS = ['M4RKED-item-1', { c: 'M4RKED-item-2' }, ['M4RKED-item-3']];
const INPUT = { ...API_INPUT, secret: MARK, note: `it is ${MARK}`, items: ITEMS };
const REFERENCES = ['{{api_input.secret}}', 'as "{{api_input.secret}}"'];

let services: BootedServices;
/** What steps were given in `secret` and `plain`. */
const given: unknown[] = [];

beforeAll(async () => {
  const handle =
    (name: OperationName): TestOperation =>
    (input: never, { attempt }: OperationContext) => {
      const { secret, plain } = Object(input) as Record<string, unknown>;
      given.push(secret, plain);
      const { output, error } = answer(name, input, attempt);
      const message = `failed with ${JSON.stringify(input)}`;
      if (error !== undefined) throw new HttpException({ message, code: error.code, details: [input] }, error.status);
      return output;
    };
  const handlers = (mutating: boolean): Record<string, TestOperation> =>
    Object.fromEntries(
      OPERATIONS.filter((name) => MUTATING.has(name) === mutating).map((name) => [name, handle(name)]),
    );
  const sensitive = Object.fromEntries(OPERATIONS.map((name) => [name, ['secret']]));
  const operations = { mutates: handlers(true), reads: handlers(false), sensitive };
  const options = { limits: { depth: 200, messageBytes: 4_000_000 } };
  services = await bootServices({ imports: SERVICES.map((service) => serviceOf(service, operations, options)) });
});
afterAll(() => services.close());

/** The cookbook of a seed, with secrets; and whether any step has one. */
function secretive(seed: number): { readonly cookbook: Cookbook; readonly secret: boolean; readonly items: boolean } {
  const cookbook = structuredClone(generateCookbook(seed));
  const random = new Prng(seed);
  const plan = planOf(cookbook, {
    helpers: {},
    limits: {} as never,
    retry: {} as never,
    classify: () => ({}) as never,
  });
  let secret = false;
  let items = false;
  for (const { step } of plan.nodes.values()) {
    if (step.type !== 'task') continue;
    const input = (step as { input: Record<string, unknown> }).input;
    const loop = loopOf(step, (id) => plan.nodes.get(id)?.parent, (id) => plan.nodes.get(id)?.step); // prettier-ignore
    if (random.chance(0.2)) input['plain'] = random.pick(REFERENCES);
    if (loop !== undefined && random.chance(0.3)) {
      input['secret'] = '{{current}}';
      items ||= loop === '{{api_input.items}}';
    } else if (random.chance(0.3)) {
      input['secret'] = random.pick(REFERENCES);
      secret = true;
    }
  }
  return { cookbook, secret, items };
}

/** The list over which the innermost loop around a step runs. */
function loopOf(
  { step_id: id }: TaskStep,
  parentOf: (id: string) => string | undefined,
  stepOf: (id: string) => Step | undefined,
): string | undefined {
  for (let at = parentOf(id); at !== undefined; at = parentOf(at)) {
    const step = stepOf(at);
    if (step?.type === 'foreach') return step.iterator;
  }
  return undefined;
}

/** What is wrong with the run of a seed's cookbook; `undefined`: nothing. */
async function faultOf(seed: number): Promise<string | undefined> {
  const { cookbook, secret, items } = secretive(seed);
  given.length = 0;
  const orchestrator = services.orchestrator('alpha');
  const { workflowId } = await orchestrator.start(cookbook, { input: INPUT });
  await services.settle();
  const hops = services.hops.splice(0);
  const ends = hops.filter(({ destination }) => ['workflow.completed', 'workflow.failed'].includes(destination));
  const ended = [...ends.map(({ body }) => body), JSON.stringify(await orchestrator.status(workflowId))].join();
  if (ends.length !== 1) return `${ends.length} ends`;
  if (secret && ended.includes(MARK)) return 'the end holds the secret';
  if (items && ended.includes('M4RKED-item')) return 'the end holds an item';
  if (secret && !ended.includes('[REDACTED]')) return 'nothing was removed';
  const lost = given.filter((value) => JSON.stringify(value ?? null).includes('[REDACTED]'));
  return lost.length === 0 ? undefined : `a step was given ${JSON.stringify(lost[0])}`;
}

describe('generated cookbooks with secrets', () => {
  it('end without them, and every step received what it refers to, 600 of them', async () => {
    let secrets = 0;
    for (let seed = 1; seed <= 600; seed += 1) {
      expect({ seed, fault: await faultOf(seed) }).toEqual({ seed, fault: undefined });
      if (secretive(seed).secret) secrets += 1;
    }
    expect(secrets).toBeGreaterThan(200);
  }, 120_000);

  it.each<[string, () => () => void]>([
    ['a veil that hides nothing', () => replace(Veil.prototype, 'value', () => (value) => value)],
    ['a group that forgets its later steps', () => replace(group, 'later', () => () => [])],
    ['a loop that seems over after its first item', () => replace(foreach, 'split', () => undefined)],
  ])(
    'the comparison sees %s',
    async (_, plant) => {
      const mend = plant();
      try {
        for (let seed = 1; seed <= 300; seed += 1) if ((await faultOf(seed)) !== undefined) return;
      } finally {
        mend();
      }
      throw new Error('nobody noticed');
    },
    60_000,
  );
});

/** Replaces a method until the returned function is called. */
function replace<T extends object, K extends keyof T>(owner: T, name: K, make: (original: T[K]) => T[K]): () => void {
  const original = owner[name];
  owner[name] = make(original);
  return () => {
    owner[name] = original;
  };
}
