import { Injectable, NotFoundException } from '@nestjs/common';
import { Counter } from '../data/counter.js';
import { records } from '../data/records.js';
import { Effects } from '../effects.js';
import type { Customer, Order, OrderLine, Purchase, Quote, Tenant } from './order.js';

/** Every tenant sees its own customers and orders; another's do not exist for it. */
@Injectable()
export class OrdersService {
  private readonly customers = records<Customer>('customers', ({ id }) => id);
  private readonly orders = records<Order>('orders', ({ id }) => id);
  private readonly placed = new Effects<Order>('placed-orders');
  private readonly quoted = new Effects<Quote>('quotes');
  private readonly purchased = new Effects<Purchase>('purchases');
  private readonly numbers = new Counter('orders', 2_000);

  customer(tenant: Tenant | undefined, id: string): Customer {
    return ownedBy(tenant, this.customers.get(id), `customer ${id}`);
  }

  order(tenant: Tenant | undefined, id: string): Order {
    return ownedBy(tenant, this.orders.get(id), `order ${id}`);
  }

  place(
    tenant: Tenant | undefined,
    { customer_id, lines, total_cents }: Pick<Order, 'customer_id' | 'lines' | 'total_cents'>,
    key: string,
  ): Order {
    const { tenant_id } = this.customer(tenant, customer_id);
    return this.placed.once(key, () =>
      this.save({
        id: this.next('O'),
        tenant_id,
        customer_id,
        status: 'placed',
        placed_on: new Date().toISOString().slice(0, 10),
        total_cents,
        lines: lines.map(({ sku, quantity, price_cents }): OrderLine => ({ sku, quantity, price_cents })),
        payment_id: null,
        invoice_id: null,
      }),
    );
  }

  /** Changes what is given of an order. Doing so twice is the same as once: no key is needed. */
  change(
    tenant: Tenant | undefined,
    id: string,
    change: Partial<Pick<Order, 'status' | 'payment_id' | 'invoice_id'>>,
  ): Order {
    return this.save({ ...this.order(tenant, id), ...change });
  }

  quote(
    tenant: Tenant | undefined,
    { customer_id, goods_cents, freight_cents }: Omit<Quote, 'quote_id' | 'total_cents'>,
    key: string,
  ): Quote {
    const { id } = this.customer(tenant, customer_id);
    return this.quoted.once(key, () => {
      const total_cents = goods_cents + freight_cents;
      return { quote_id: this.next('Q'), customer_id: id, goods_cents, freight_cents, total_cents };
    });
  }

  purchase(line: Omit<Purchase, 'purchase_id'>, key: string): Purchase {
    return this.purchased.once(key, () => ({ purchase_id: this.next('PO'), ...line }));
  }

  private save(order: Order): Order {
    this.orders.set(order.id, order);
    return order;
  }

  private next(prefix: string): string {
    return `${prefix}-${this.numbers.next()}`;
  }
}

function ownedBy<Item extends { tenant_id: Tenant }>(tenant: Tenant | undefined, item: Item | undefined, what: string) {
  if (item !== undefined && item.tenant_id === tenant) return item;
  throw new NotFoundException({ code: 'NOT_FOUND', message: `There is no ${what}.` });
}
