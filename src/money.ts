const EURO = new Intl.NumberFormat('en-IE', { style: 'currency', currency: 'EUR' });

/**
 * An amount as people write it. Registered as a template helper, so cookbooks use it too:
 * `"text": "We received {{money(steps.payment.output.amount_cents)}}."`
 */
export function money(cents: number): string {
  return EURO.format(cents / 100);
}
