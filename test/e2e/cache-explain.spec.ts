import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import { codeBlocks } from '../support/markdown.js';
import { succeed } from '../support/shell.js';

jest.setTimeout(180_000); // it builds the example first

describe('npm run cache:explain', () => {
  let stdout: string;
  beforeAll(async () => {
    stdout = await succeed('.', 'npm', 'run', '--silent', 'cache:explain');
  });

  const row = (operation: string): string[] | undefined =>
    stdout
      .split('\n')
      .map((line) => line.split('│').map((cell) => cell.trim()))
      .find(([, , name]) => name === operation)
      ?.slice(3, -1);

  it('has a row for every operation of the example, and says of each what it reads and purges', () => {
    expect(row('get-product')).toEqual(['product by sku', '–', '5m', 'none', '']);
    expect(row('change-price')).toEqual(['–', 'product by sku', '–', '–', '']);
    expect(row('quote-freight')).toEqual(['tariff', '–', '30s', 'none', '']);
    expect(row('promise-delivery')).toEqual(['stock of catalog by sku', '–', '5m', 'none', '']);
    expect(row('get-order')).toEqual(['order by order_id', '–', '5m', 'person', '']);
    expect(row('credit-invoice')).toEqual(['–', 'invoice by invoice_id', '–', '–', '']); // from its operations.json
    expect(row('screen-payment')?.at(-1)).toContain('says');
    expect(row('send-text')).toEqual(['–', 'message', '–', '–', '']);
  });

  it('has a Mermaid graph with the same operations, and with arrows between services', () => {
    const [graph = ''] = codeBlocks(stdout, 'mermaid');
    const node = (label: string): string => new RegExp(`(\\w+)[[(]+"${label}"`).exec(graph)?.[1] ?? 'none';
    expect(graph).toMatch(/^flowchart LR\n/);
    expect(graph).toContain(`${node('promise-delivery')} -->|"sku"| ${node('stock')}\n`);
    expect(graph).toContain(`${node('receive-stock')} ==>|"sku"| ${node('stock')}\n`);
    expect(graph).toContain(`${node('place-order')} ==> ${node('order')}\n`);
    expect(graph).toMatch(new RegExp(`${node('discount')}\\(\\["discount"\\]\\):::never`));
  });
});
