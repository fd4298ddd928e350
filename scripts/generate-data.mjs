// Writes the example's records, one a line and the same ones each time, to src/data/*.json or to the folder that is given.
import { writeFileSync } from 'node:fs';

/** Numbers in [0, 1) that are the same in every run (mulberry32). */
let state = 20_260_101;
function random() {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
}
const between = (low, high) => low + Math.floor(random() * (high - low + 1));
const pick = (list) => list[between(0, list.length - 1)];
const slug = (text) => text.toLowerCase().replaceAll(' ', '-');
const day = (n) => new Date(Date.UTC(2025, 8, 1 + n)).toISOString().slice(0, 10);

const folder = process.argv[2] ?? 'src/data';
function save(name, records) {
  const lines = records.map((record) => JSON.stringify(record, null, 1).replaceAll(/\n\s*/g, ' ')).join(',\n  ');
  writeFileSync(`${folder}/${name}.json`, `[\n  ${lines}\n]\n`);
}

const KINDS = {
  lighting: {
    supplier: 'Lumen Works',
    kinds: { 'Table Lamp': 5900, 'Floor Lamp': 12900, 'Wall Light': 4500, Lantern: 2900 },
  },
  kitchen: { supplier: 'Kiln & Co', kinds: { Teapot: 3900, 'Chopping Board': 2400, 'Mixing Bowl': 1900, Mug: 1200 } },
  garden: { supplier: 'Greenhand', kinds: { Planter: 2600, 'Watering Can': 3100, 'Bird House': 2200, Trowel: 1400 } },
  textiles: { supplier: 'Weft Mill', kinds: { Cushion: 2700, Throw: 6400, 'Table Runner': 2300, Towel: 1800 } },
  storage: { supplier: 'Joinery Nine', kinds: { Basket: 2100, Shelf: 7900, 'Coat Rack': 5400, Box: 1700 } },
};
const COLLECTIONS = ['Coral', 'Dune', 'Ember', 'Harbour', 'Juniper', 'Meadow', 'Nordic', 'Solstice', 'Tide', 'Willow'];
const WAREHOUSES = ['main', 'north'];

const products = Object.entries(KINDS).flatMap(([category, { supplier, kinds }]) =>
  Object.entries(kinds).flatMap(([kind, price]) =>
    COLLECTIONS.map((collection) => ({
      sku: `${slug(kind)}-${slug(collection)}`,
      name: `${collection} ${kind}`,
      category,
      price_cents: price + 100 * between(0, 12),
      supplier,
    })),
  ),
);

const stock = products.flatMap(({ sku }) =>
  WAREHOUSES.map((warehouse) => {
    const reorder_level = between(4, 10);
    const short = random() < 0.06;
    return {
      sku,
      warehouse,
      on_hand: short ? between(0, reorder_level - 1) : reorder_level + between(5, 60),
      reorder_level,
    };
  }),
);

const FIRST = ['Ada', 'Bela', 'Carmen', 'Dimitri', 'Elif', 'Finn', 'Greta', 'Hana', 'Ivo', 'Jonas', 'Kaya', 'Liam', 'Maja', 'Noor', 'Otto']; // prettier-ignore
const LAST = ['Almeida', 'Berg', 'Costa', 'Dietrich', 'Evans', 'Fontaine', 'Gallo', 'Horvat', 'Ito', 'Jansen'];

const customers = LAST.flatMap((last) => FIRST.map((first) => [first, last])).map(([first, last], i) => ({
  id: `C-${101 + i}`,
  tenant_id: i % 2 === 0 ? 'harbour-home' : 'alpine-living',
  name: `${first} ${last}`,
  email: `${first}.${last}@example.com`.toLowerCase(),
  phone: `+35315550${String(i).padStart(3, '0')}`,
  country: pick(['IE', 'DE', 'FR', 'PT', 'NL']),
  tier: pick(['standard', 'standard', 'standard', 'silver', 'gold']),
}));

const orders = [];
const payments = [];
const invoices = [];
for (let i = 0; i < 120; i += 1) {
  const number = 1001 + i;
  const customer = pick(customers);
  const lines = Array.from({ length: between(1, 3) }, () => pick(products))
    .filter(({ sku }, at, all) => all.findIndex((other) => other.sku === sku) === at)
    .map(({ sku, price_cents }) => ({ sku, quantity: between(1, 4), price_cents }));
  const total_cents = lines.reduce((sum, { quantity, price_cents }) => sum + quantity * price_cents, 0);
  const paid = i % 6 !== 5;
  orders.push({
    id: `O-${number}`,
    tenant_id: customer.tenant_id,
    customer_id: customer.id,
    status: 'confirmed',
    placed_on: day(i),
    total_cents,
    lines,
    payment_id: paid ? `P-${number}` : null,
    invoice_id: `I-${number}`,
  });
  if (paid) payments.push({ id: `P-${number}`, order_id: `O-${number}`, amount_cents: total_cents, refunded_cents: 0 });
  invoices.push({
    id: `I-${number}`,
    order_id: `O-${number}`,
    customer_id: customer.id,
    total_cents,
    due_on: day(i + 30),
    status: paid ? 'paid' : 'open',
  });
}

for (const [name, records] of Object.entries({ products, stock, customers, orders, payments, invoices }))
  save(name, records);
