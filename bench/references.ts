import type { Scope } from '../libs/orchestrator/src/references/scope.js';
import { compile, type ResolveOptions } from '../libs/orchestrator/src/references/template.js';
import { medians, report } from './report.js';

/** Resolving references beside the least that any message costs: reading it from JSON and writing it again. */
const customer = { id: 7, name: 'Ada Lovelace', tags: ['a', 'b'] };
const orders = Array.from({ length: 500 }, (_, id) => ({
  id,
  name: `order ${id}`,
  total: id * 1.25,
  lines: ['x', 'y'],
}));
const roots: Readonly<Record<string, unknown>> = { api_input: { customer, orders } };
const scope: Scope = {
  root: (name) => roots[name],
  step: (id) => (id === 'quote' ? { output: { total: 42 } } : undefined),
  names: () => ({ roots: ['api_input'], steps: ['quote'] }),
  context: { service: 'bench', step_id: 'bench', workflow_id: 'bench' },
};
const options: ResolveOptions = { mode: 'strict', helpers: {} };

const jsonOf = (value: unknown): (() => unknown) => {
  const text = JSON.stringify(value);
  return () => JSON.stringify(JSON.parse(text));
};

/** A concatenated text is put together when its characters are first asked for: that is part of the price. */
const flat = (text: unknown): number => String(text).charCodeAt(99_000);

const long = Array.from({ length: 64 }, () => `${'lorem ipsum '.repeat(128)}{{api_input.customer.name}}`).join('');
const longTemplate = compile(long);
const text = await medians(100, {
  resolve: () => flat(longTemplate.resolve(scope, options)),
  compile: () => flat(compile(long).resolve(scope, options)),
  json: jsonOf({ long }),
});

const small = { id: '{{api_input.customer.id}}', total: 'EUR {{steps.quote.output.total}}' };
const smallTemplate = compile(small);
const input = await medians(10_000, {
  resolve: () => smallTemplate.resolve(scope, options),
  compile: () => compile(small).resolve(scope, options),
  json: jsonOf(smallTemplate.resolve(scope, options)),
});

const whole = compile('{{api_input.orders}}');
const value = await medians(20, { resolve: () => whole.resolve(scope, options), json: jsonOf(orders) });

const braces = (count: number): (() => unknown) => {
  const hostile = '{{'.repeat(count);
  return () => compile(hostile).resolve(scope, { ...options, mode: 'lenient' });
};
const hostile = await medians(50, { few: braces(10_000), many: braces(80_000) });

const unit = 'µs';
report('references', [
  { name: '100 kB of text with 64 references / JSON', value: text.resolve, unit, limit: text.json, goal: '<= 1' },
  { name: '100 kB of text, compiled each time / JSON', value: text.compile, unit, limit: text.json, goal: '<= 1' },
  { name: 'a small input with 2 references / JSON', value: input.resolve, unit, limit: input.json, goal: '<= 1' },
  { name: 'a small input, compiled each time / JSON', value: input.compile, unit, limit: input.json, goal: '<= 4' },
  { name: 'an array of 500 objects, copied / JSON', value: value.resolve, unit, limit: value.json, goal: '<= 1' },
  { name: '80,000 open braces / 10,000', value: hostile.many, unit, limit: hostile.few, goal: '<= 16' },
]);
