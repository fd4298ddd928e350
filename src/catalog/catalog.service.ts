import { setTimeout } from 'node:timers/promises';
import { BadRequestException, Injectable, NotFoundException } from '@nestjs/common';
import { records } from '../data/records.js';
import { type Line, Stock, type Warehouse } from './stock.js';

export interface Product {
  readonly sku: string;
  readonly name: string;
  readonly category: string;
  readonly price_cents: number;
  readonly supplier: string;
}

export interface PricedLine extends Line {
  readonly name: string;
  readonly price_cents: number;
}

export interface Basket {
  readonly lines: readonly PricedLine[];
  readonly total_cents: number;
}

/** A product to order anew, and how many fill its shelf. */
export interface Shortage extends Line {
  readonly name: string;
  readonly on_hand: number;
}

/** At which price a supplier would deliver. */
export interface Offer extends Line {
  readonly supplier: string;
  readonly unit_cents: number;
}

export interface Freight {
  readonly carrier: 'post' | 'courier';
  readonly freight_cents: number;
  readonly days: number;
}

const TARIFFS = {
  post: { base: 490, each: 120, days: 5, answersInMs: 30 },
  courier: { base: 990, each: 250, days: 1, answersInMs: 20 },
} as const;

@Injectable()
export class CatalogService {
  private readonly products = records<Product>('products', ({ sku }) => sku);

  constructor(private readonly stock: Stock) {}

  product(sku: string): Product {
    const product = this.products.get(sku);
    if (product !== undefined) return product;
    throw new NotFoundException({ code: 'PRODUCT_UNKNOWN', message: `There is no product ${sku}.` });
  }

  /** Doing so twice is the same as once: no key is needed. */
  changePrice(sku: string, price_cents: number): Product {
    if (price_cents < 0)
      throw new BadRequestException({ code: 'PRICE_INVALID', message: 'No price is less than nothing.' });
    const product = { ...this.product(sku), price_cents };
    this.products.set(sku, product);
    return product;
  }

  price(lines: readonly Line[]): Basket {
    const priced = lines.map(({ sku, quantity }) => {
      const { name, price_cents } = this.product(sku);
      return { sku, name, quantity, price_cents };
    });
    const total_cents = priced.reduce((sum, { quantity, price_cents }) => sum + quantity * price_cents, 0);
    return { lines: priced, total_cents };
  }

  /** What a carrier asks. Carriers are somewhere else: each takes its time to answer. */
  async freight(lines: readonly Line[], carrier: Freight['carrier'], country: string): Promise<Freight> {
    const { base, each, days, answersInMs } = TARIFFS[carrier];
    await setTimeout(answersInMs);
    const pieces = lines.reduce((sum, { quantity }) => sum + quantity, 0);
    const abroad = country === 'IE' ? 1 : 2;
    return { carrier, freight_cents: (base + each * pieces) * abroad, days: days * abroad };
  }

  /** What to order so that each shelf stands at three times its reorder level. */
  shortages(warehouse: Warehouse, limit: number): Shortage[] {
    return this.stock
      .short(warehouse)
      .slice(0, limit)
      .map(({ sku, on_hand, reorder_level }) => {
        const { name } = this.product(sku);
        return { sku, name, on_hand, quantity: 3 * reorder_level - on_hand };
      });
  }

  /** What the product's supplier asks. Suppliers are somewhere else, and think the longer the more is wanted. */
  async offer({ sku, quantity }: Line): Promise<Offer> {
    const { supplier, price_cents } = this.product(sku);
    await setTimeout(quantity);
    return { sku, quantity, supplier, unit_cents: Math.round(0.6 * price_cents) };
  }
}
