import { describe, expect, it } from '@jest/globals';
import { compile } from '../../../libs/orchestrator/src/references/template.js';
import { helpers, scopeOf } from './scope.js';

const scope = scopeOf(
  { api_input: { customer: { name: 'Ada', email: 'a@b.c' }, tags: ['x'], nil: null, n: 1 }, workflow_id: 'wf-1' },
  { quote: { total: 42 }, silent: undefined },
);
const strict = { mode: 'strict', helpers } as const;

/** The message with which a template is refused. */
function refusal(template: unknown): string {
  try {
    compile(template).resolve(scope, strict);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('it was not refused');
}

describe('in a strict run a reference to nothing', () => {
  it.each([
    ['{{api_inptu.n}}', 'there is no "api_inptu" here. Did you mean "api_input"?'],
    ['{{elsewhere}}', 'there is no "elsewhere" here. There are: api_input, workflow_id.'],
    ['{{tenant_id}}', 'the run has no tenant_id. Give "tenantId" to start().'],
    [
      '{{workspace_id}}',
      'the run has no workspace_id. Give "workspaceId" to start(), or "defaults.workspace_id" in the cookbook.',
    ],
    ['{{context.person_id}}', 'the run has no person_id. Give "personId" to start().'],
    ['{{api_input.phone}}', 'api_input has no "phone". It has: customer, tags, nil, n.'],
    ['{{steps.payment.output}}', 'no step "payment" has ended that can be seen from here. There are: quote, silent.'],
    ['{{item.id}}', 'there is no "item" here. There are: api_input, workflow_id.'],
    ['{{api_input.custmer.name}}', 'api_input has no "custmer". Did you mean "customer"?'],
    ['{{ api_input.customer.Email }}', 'api_input.customer has no "Email". Did you mean "email"?'],
    ['{{api_input.tags[1]}}', 'api_input.tags has no "1". It is an array of 1.'],
    ['{{api_input.nil.a}}', 'api_input.nil is null.'],
    ['{{api_input.customer.name.first}}', 'api_input.customer.name is a string.'],
    ['{{api_input.n.a}}', 'api_input.n is a number.'],
    ['{{steps.qoute.output.total}}', 'no step "qoute" has ended that can be seen from here. Did you mean "quote"?'],
    ['{{steps.quote.output.totl}}', 'steps.quote.output has no "totl". Did you mean "total"?'],
    ['{{steps.silent.output}}', 'step "silent" ended without an output: return a value or null.'],
    ['{{steps.silent.output.a}}', 'step "silent" ended without an output: return a value or null.'],
    ['{{steps[0].output}}', 'an output is addressed as steps.<step_id>.output.'],
    ['{{steps.quote.total}}', 'an output is addressed as steps.<step_id>.output.'],
    ['{{nothing()}}', 'the helper "nothing" answered nothing.'],
  ])('%s says how far it led, and what is nearly named so', (reference, reason) => {
    expect(refusal({ a: ['x', `y ${reference}`] })).toBe(`Step "here": ${reference} resolves to nothing: ${reason}`);
  });

  it('says "item" where the item of a foreach is meant, and is told its name here', () => {
    const inside = scopeOf({ api_input: {}, current: { id: 1 }, index: 0 });
    expect(() => compile('{{item.id}}').resolve(inside, strict)).toThrow('Did you mean "current"?');
    expect(() => compile('{{i}}').resolve(inside, strict)).toThrow('Did you mean "index"?');
  });

  it('lists eight names at most', () => {
    const wide = scopeOf({ api_input: Object.fromEntries(Array.from({ length: 11 }, (_, n) => [`key_${n}`, n])) });
    expect(() => compile('{{api_input.other}}').resolve(wide, strict)).toThrow(
      / It has: key_0, .*, key_7, and 3 more\.$/,
    );
    expect(() => compile('{{api_input.other}}').resolve(scopeOf({ api_input: {} }), strict)).toThrow('It has: none.');
  });

  it('carries the facts of its message', () => {
    expect(() => compile('{{api_input.custmer}}').resolve(scope, strict)).toThrow(
      expect.objectContaining({
        name: 'UnresolvedReferenceError',
        code: 'REFERENCE_UNRESOLVED',
        step: 'here',
        reference: '{{api_input.custmer}}',
        nearest: 'customer',
      }),
    );
  });

  it('never tells a value: messages are logged and sent', () => {
    expect(refusal('{{api_input.customer.email.domain}}')).not.toContain('a@b.c');
  });

  it.each([
    `{{api_input.${'x'.repeat(50_000)}}}`,
    `{{steps.${'x'.repeat(50_000)}.output}}`,
    `{{${'a.'.repeat(50_000)}`,
    `{{${'f'.repeat(50_000)}(`,
  ])('is told in a few words, however long it is', (reference) => {
    expect(refusal(reference).length).toBeLessThan(400);
  });
});

describe('in a strict run braces that hold no expression', () => {
  it.each([
    ['{{api_input.n', 'it has no closing braces'],
    ['{{}}', 'it is neither a path nor a call of a helper'],
    ['{{upper(api_input.n)) }}', 'closing braces must follow the call'],
    ["{{upper('a)}}", 'a quote is not closed'],
    [`{{${'upper('.repeat(33)}${')'.repeat(33)}}}`, 'calls are nested deeper than 32'],
  ])('are refused: %s', (reference, reason) => {
    const message = refusal(`text ${reference}`);
    expect(message).toContain('Step "here": {{');
    expect(message).toContain(` is no reference: ${reason}. `);
    expect(() => compile(reference).resolve(scope, strict)).toThrow(
      expect.objectContaining({ code: 'REFERENCE_MALFORMED' }),
    );
  });

  it('are refused at once when they are a call 10,000 deep, not by an exhausted stack', () => {
    expect(refusal(`{{${'upper('.repeat(10_000)}`)).toContain('nested deeper than 32');
  });
});
