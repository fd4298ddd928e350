import { expect, it } from '@jest/globals';
import pc from 'picocolors';
import { renderRequest, type RequestReport } from '../../../src/demo/request.js';

const CHANGE: RequestReport = {
  method: 'PUT',
  path: '/products/mug-tide/price',
  tenantId: 'harbour-home',
  body: { price_cents: 900 },
  status: 200,
  purged: ['product mug-tide', 'price'],
};
const style = { width: 60, colors: pc.createColors(false) };

it('shows a request in two lines: who asks for what, and what it came to', () => {
  expect(renderRequest(CHANGE, style).split('\n')).toEqual([
    '⇄ PUT /products/mug-tide/price ──────────────── harbour-home',
    '  { price_cents: 900 } by HTTP: 200, purge: product mug-tide, price',
    '',
    '',
  ]);
});

it('says nothing of a purge where there was none', () => {
  expect(renderRequest({ ...CHANGE, purged: [] }, style)).toContain('by HTTP: 200\n');
});
