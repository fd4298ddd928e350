/** The shop a record belongs to. */
export type Tenant = string | number;

export interface Customer {
  readonly id: string;
  readonly tenant_id: Tenant;
  readonly name: string;
  readonly email: string;
  readonly phone: string;
  readonly country: string;
  readonly tier: 'standard' | 'silver' | 'gold';
}

export interface OrderLine {
  readonly sku: string;
  readonly quantity: number;
  readonly price_cents: number;
}

export interface Order {
  readonly id: string;
  readonly tenant_id: Tenant;
  readonly customer_id: string;
  readonly status: 'placed' | 'confirmed' | 'returned';
  readonly placed_on: string;
  readonly total_cents: number;
  readonly lines: readonly OrderLine[];
  readonly payment_id: string | null;
  readonly invoice_id: string | null;
}

export interface Quote {
  readonly quote_id: string;
  readonly customer_id: string;
  readonly goods_cents: number;
  readonly freight_cents: number;
  readonly total_cents: number;
}

/** An order of ours at a supplier. */
export interface Purchase {
  readonly purchase_id: string;
  readonly sku: string;
  readonly quantity: number;
  readonly supplier: string;
  readonly unit_cents: number;
}
