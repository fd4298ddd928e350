import { ConflictException, Injectable } from '@nestjs/common';
import { Counter } from '../data/counter.js';
import { records } from '../data/records.js';
import { Effects } from '../effects.js';

export const WAREHOUSES = ['main', 'north'] as const;
export type Warehouse = (typeof WAREHOUSES)[number];

/** So many of one product. */
export interface Line {
  readonly sku: string;
  readonly quantity: number;
}

/** What one warehouse holds of one product. */
export interface StockLevel {
  readonly sku: string;
  readonly warehouse: Warehouse;
  readonly on_hand: number;
  readonly reorder_level: number;
}

export interface Reservation {
  readonly reservation_id: string;
  readonly warehouse: Warehouse;
  readonly lines: readonly Line[];
}

/** The warehouses' shelves. */
@Injectable()
export class Stock {
  private readonly levels = records<StockLevel>('stock', keyOf);
  private readonly reservations = new Effects<Reservation>('reservations');
  private readonly receipts = new Effects<StockLevel>('receipts');
  private readonly numbers = new Counter('reservations');

  level(sku: string, warehouse: Warehouse): StockLevel {
    return this.levels.get(keyOf({ sku, warehouse })) ?? { sku, warehouse, on_hand: 0, reorder_level: 0 };
  }

  /** What has fallen below its reorder level, the emptiest shelves first. */
  short(warehouse: Warehouse): StockLevel[] {
    return [...this.levels.values()]
      .filter((level) => level.warehouse === warehouse && level.on_hand < level.reorder_level)
      .sort((a, b) => a.on_hand - b.on_hand || a.sku.localeCompare(b.sku));
  }

  /** Takes every line from the shelf, or none and throws. No product may stand in two lines. */
  reserve(lines: readonly Line[], warehouse: Warehouse, key: string): Reservation {
    return this.reservations.once(key, () => {
      const missing = lines.filter(({ sku, quantity }) => this.level(sku, warehouse).on_hand < quantity);
      if (missing.length > 0) {
        const skus = missing.map(({ sku }) => sku);
        throw new ConflictException({
          code: 'OUT_OF_STOCK',
          message: `Warehouse ${warehouse} is short of ${skus.join(', ')}.`,
          details: { skus },
        });
      }
      for (const { sku, quantity } of lines) this.move(sku, warehouse, -quantity);
      return { reservation_id: `R-${this.numbers.next()}`, warehouse, lines };
    });
  }

  receive({ sku, quantity }: Line, warehouse: Warehouse, key: string): StockLevel {
    return this.receipts.once(key, () => this.move(sku, warehouse, quantity));
  }

  private move(sku: string, warehouse: Warehouse, by: number): StockLevel {
    const level = this.level(sku, warehouse);
    const moved = { ...level, on_hand: level.on_hand + by };
    this.levels.set(keyOf(level), moved);
    return moved;
  }
}

const keyOf = ({ sku, warehouse }: Pick<StockLevel, 'sku' | 'warehouse'>): string => `${warehouse}/${sku}`;
