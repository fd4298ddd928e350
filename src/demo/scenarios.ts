import { TEST_CARDS } from '../payments/payment.gateway.js';
import type { HttpRequest } from './request.js';
import type { Ending } from './timeline.js';

/** One run of the demo: which cookbook, with what, for whom, and how it is meant to end. */
export interface Scenario {
  readonly cookbook: string;
  readonly input: object;
  readonly tenantId: string;
  readonly personId?: string;
  /** What somebody changes over HTTP before that. */
  readonly request?: HttpRequest;
  /** The failure's code. Absent: the run is meant to complete. */
  readonly failsWith?: string;
  /** What an operator would do after that failure. */
  readonly advice?: string;
  /** The run that mends the cause. After it the failed one is requeued, and is meant to complete. */
  readonly mendedBy?: Scenario;
}

/** Whether a run ended as its scenario means it to: completed, or failed with that very code. */
export function isAsMeant({ failsWith }: Pick<Scenario, 'failsWith'>, ending: Ending): boolean {
  return ending.kind === 'failed' ? ending.failure.code === failsWith : failsWith === undefined;
}

const CARD = '4242424242424242';
const QUOTED = {
  cookbook: 'quote',
  tenantId: 'alpine-living',
  input: {
    customer_id: 'C-108',
    lines: [
      { sku: 'planter-meadow', quantity: 3 },
      { sku: 'watering-can-tide', quantity: 1 },
    ],
  },
} as const;
const STATUS = { cookbook: 'order-status', input: { order_id: 'O-1012' } } as const;

export const SCENARIOS: readonly Scenario[] = [
  {
    cookbook: 'order-to-cash',
    tenantId: 'harbour-home',
    input: {
      customer_id: 'C-101',
      lines: [
        { sku: 'teapot-willow', quantity: 1 },
        { sku: 'mug-willow', quantity: 4 },
      ],
      warehouse: 'main',
      card_number: CARD,
      card_country: 'IE',
    },
  },
  { cookbook: 'restock', tenantId: 'harbour-home', input: { warehouse: 'main', limit: 6 } },
  QUOTED,
  {
    ...QUOTED,
    request: {
      method: 'PUT',
      path: '/products/planter-meadow/price',
      tenantId: 'alpine-living',
      body: { price_cents: 3_900 },
    },
  },
  {
    cookbook: 'returns',
    tenantId: 'harbour-home',
    input: { order_id: 'O-1009', reason: 'The shelf does not match the throw.', warehouse: 'north' },
  },
  {
    cookbook: 'payment-retry',
    tenantId: 'harbour-home',
    input: { order_id: 'O-1006', amount_cents: 27_800, card_number: TEST_CARDS.flaky, email: 'paula@example.com' },
  },
  {
    cookbook: 'delayed-reminder',
    tenantId: 'harbour-home',
    input: { customer_id: 'C-161', invoice_id: 'I-1006' },
  },
  {
    cookbook: 'disputed-invoice',
    tenantId: 'harbour-home',
    input: { invoice_ids: ['I-1024', 'I-1054'], disputed_id: 'I-1024', reason: 'The towel came in another colour.' },
  },
  {
    cookbook: 'delivery-promise',
    tenantId: 'harbour-home',
    input: { sku: 'towel-solstice', quantity: 3, warehouse: 'main', arriving: 12 },
  },
  { ...STATUS, tenantId: 'harbour-home', personId: 'ada' },
  { ...STATUS, tenantId: 'harbour-home', personId: 'ben' },
  {
    ...STATUS,
    tenantId: 'alpine-living',
    personId: 'ada',
    failsWith: 'NOT_FOUND',
    advice:
      "Nothing. The order is another tenant's, for whom it is cached: no answer of the one is ever served to the other.",
  },
  {
    cookbook: 'order-to-cash',
    tenantId: 'alpine-living',
    input: {
      customer_id: 'C-108',
      lines: [{ sku: 'trowel-willow', quantity: 2 }],
      warehouse: 'north',
      card_number: CARD,
      card_country: 'IE',
    },
    failsWith: 'OUT_OF_STOCK',
    advice:
      'The order is placed, nothing is charged. Fill the shelf, then requeue the run: it goes on with this step. In the ' +
      'application that npm start serves: npm run failed -- list, and npm run failed -- requeue <id>.',
    mendedBy: { cookbook: 'restock', tenantId: 'alpine-living', input: { warehouse: 'north', limit: 1 } },
  },
  {
    cookbook: 'fraud-rejected',
    tenantId: 'harbour-home',
    input: {
      customer_id: 'C-101',
      lines: [{ sku: 'floor-lamp-dune', quantity: 12 }],
      card_number: CARD,
      card_country: 'NZ',
    },
    failsWith: 'FRAUD_SUSPECTED',
    advice:
      'Nothing was ordered, reserved or charged. Ask the customer for a card from where the parcel goes, and start the ' +
      'run anew. The failed run itself, with every output so far, is the message on workflow.failed.',
  },
];
