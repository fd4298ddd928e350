import { Injectable } from '@nestjs/common';
import { type Line, Stock, type Warehouse } from '../catalog/stock.js';

export interface DeliveryPromise extends Line {
  readonly from_stock: boolean;
  /** Until it is at the customer's. */
  readonly days: number;
}

const FROM_STOCK_DAYS = 2;
const FROM_SUPPLIER_DAYS = 14;

/** When an order could be delivered. The shelves are the catalogue's; in an application of its own this would ask it for them. */
@Injectable()
export class DeliveryService {
  constructor(private readonly stock: Stock) {}

  promise({ sku, quantity }: Line, warehouse: Warehouse): DeliveryPromise {
    const from_stock = this.stock.level(sku, warehouse).on_hand >= quantity;
    return { sku, quantity, from_stock, days: from_stock ? FROM_STOCK_DAYS : FROM_SUPPLIER_DAYS };
  }
}
