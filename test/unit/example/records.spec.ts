import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { Product } from '../../../src/catalog/catalog.service.js';
import type { StockLevel } from '../../../src/catalog/stock.js';
import { records } from '../../../src/data/records.js';
import type { Invoice } from '../../../src/invoicing/invoicing.service.js';
import type { Customer, Order } from '../../../src/orders/order.js';
import type { Payment } from '../../../src/payments/payments.service.js';

const products = records<Product>('products', ({ sku }) => sku);
const stock = records<StockLevel>('stock', ({ sku, warehouse }) => `${warehouse}/${sku}`);
const customers = records<Customer>('customers', ({ id }) => id);
const orders = records<Order>('orders', ({ id }) => id);
const payments = records<Payment>('payments', ({ id }) => id);
const invoices = records<Invoice>('invoices', ({ id }) => id);

describe('the records of the example', () => {
  it('are a few hundred, and no two share a key', () => {
    const sizes = [products, stock, customers, orders, payments, invoices].map(({ size }) => size);
    expect(sizes).toEqual([200, 400, 150, 120, 100, 120]);
    expect(new Set(Array.from(customers.values(), ({ email }) => email)).size).toBe(customers.size);
  });

  it('belong together: every order has its customer, its products, its invoice, and its payment if it is paid', () => {
    expect([...stock.values()].filter(({ sku }) => !products.has(sku))).toEqual([]);
    for (const { id, tenant_id, customer_id, lines, total_cents, invoice_id, payment_id } of orders.values()) {
      expect(customers.get(customer_id)?.tenant_id).toBe(tenant_id);
      expect(lines.filter(({ sku }) => !products.has(sku))).toEqual([]);
      expect(lines.reduce((sum, { quantity, price_cents }) => sum + quantity * price_cents, 0)).toBe(total_cents);
      const invoice = invoices.get(invoice_id ?? '');
      expect(invoice?.order_id).toBe(id);
      expect(payments.get(payment_id ?? '')?.amount_cents).toBe(invoice?.status === 'paid' ? total_cents : undefined);
    }
  });

  it('are what the generator writes, so that a change of one is seen beside the other', () => {
    const folder = mkdtempSync(join(tmpdir(), 'records-'));
    try {
      const { status, stderr } = spawnSync(process.execPath, ['scripts/generate-data.mjs', folder], {
        encoding: 'utf8',
      });
      expect([status, stderr]).toEqual([0, '']);
      for (const name of ['products', 'stock', 'customers', 'orders', 'payments', 'invoices']) {
        expect(readFileSync(join(folder, `${name}.json`), 'utf8')).toBe(readFileSync(`src/data/${name}.json`, 'utf8'));
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
