import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import pc from 'picocolors';
import { isAsMeant } from '../../../src/demo/scenarios.js';
import { renderSummary } from '../../../src/demo/summary.js';
import { styleOf } from '../../../src/demo/style.js';
import { renderTimeline, type RunReport } from '../../../src/demo/timeline.js';
import { purge, told } from './told.js';

const plain = (width: number) => ({ width, colors: pc.createColors(false) });
const lines = (text: string): string[] => text.split('\n');

const CHARGE = { path: 'payment', service: 'payments', operation: 'charge-card' };
const RECEIPT = { path: 'announce.customer.receipt', service: 'notifications', operation: 'send-email' };
const SCREEN = { path: 'screening', service: 'payments', operation: 'screen-payment' };

const RETRIED: RunReport = {
  workflowId: 'w-1',
  cookbook: 'payment-retry',
  caller: 'harbour-home',
  description: 'Charges a card while the payment gateway is away: tried again, charged once, and the receipt follows.',
  events: told(
    { type: 'started', ms: 0 },
    { type: 'step_started', ms: 2, ...CHARGE },
    { type: 'step_retrying', ms: 27, ...CHARGE, duration_ms: 25, error_code: 'GATEWAY_UNAVAILABLE' },
    { type: 'step_started', ms: 90, ...CHARGE, attempt: 2 },
    { type: 'step_completed', ms: 115, ...CHARGE, attempt: 2, duration_ms: 25 },
    { type: 'step_started', ms: 1_800, ...RECEIPT },
    { type: 'step_completed', ms: 1_808, ...RECEIPT, duration_ms: 8 },
    { type: 'completed', ms: 1_810 },
  ),
  ending: { kind: 'completed', output: { message_id: 'M-1', channel: 'email' } },
  asMeant: true,
};

const READ = { service: 'invoicing', operation: 'get-invoice' };
const CREDIT = { path: 'credit', service: 'invoicing', operation: 'credit-invoice' };
const SCREENED = told(
  { type: 'step_started', ms: 9, ...SCREEN },
  { type: 'step_completed', ms: 10, ...SCREEN, duration_ms: 1, cache: 'bypass' },
);
const CACHED = [
  ...told(
    { type: 'step_started', ms: 0, path: 'before', ...READ },
    { type: 'step_completed', ms: 2, path: 'before', ...READ, duration_ms: 2, cache: 'miss' },
    { type: 'step_started', ms: 3, ...CREDIT },
  ),
  purge('credit', 't:acme/invoicing/invoice/I-1024', 'all/invoicing/invoice/I-1024', 'all/invoicing/invoice/~'),
  ...told(
    { type: 'step_completed', ms: 5, ...CREDIT, duration_ms: 2, cache: 'bypass' },
    { type: 'step_started', ms: 6, path: 'after', ...READ },
    { type: 'step_completed', ms: 8, path: 'after', ...READ, duration_ms: 2, cache: 'hit' },
  ),
  ...SCREENED,
];

const REFUSED: RunReport = {
  workflowId: 'w-2',
  cookbook: 'fraud-rejected',
  caller: 'harbour-home, ada',
  description: 'A large order on a foreign card.',
  events: told(
    { type: 'step_started', ms: 0, ...SCREEN },
    { type: 'step_failed', ms: 1, ...SCREEN, duration_ms: 1, error_code: 'FRAUD_SUSPECTED' },
    { type: 'failed', ms: 1, error_code: 'FRAUD_SUSPECTED' },
  ),
  ending: {
    kind: 'failed',
    failure: {
      code: 'FRAUD_SUSPECTED',
      message: 'Refused with 90 of 100 points: a large amount, a card from NZ for a parcel to IE.',
      path: 'screening',
      attempts: 1,
    },
  },
  asMeant: true,
  advice: 'Ask for another card.',
};

describe('the timeline of a run', () => {
  it('has a line for each attempt, a bar over the run, the pause between, and the output', () => {
    expect(lines(renderTimeline(RETRIED, plain(112)))).toEqual([
      '✔ payment-retry ─────────────────────────────────────────────────────────────────────────────────── harbour-home',
      '  Charges a card while the payment gateway is away: tried again, charged once, and the receipt follows.',
      '',
      '    +2 ms  payment                    payments       charge-card  ↻ 1/2 GATEWAY_UNAVAILABLE  25 ms  █···········',
      '   +90 ms  payment                    payments       charge-card  ✔ 2/2                      25 ms  █···········',
      '  +115 ms  ⋯ the run waits, 1.69 s, and no service holds it',
      '  +1.80 s  announce.customer.receipt  notifications  send-email   ✔                           8 ms  ···········█',
      '',
      "  → { message_id: 'M-1', channel: 'email' }",
      '',
      '',
    ]);
  });

  it('leaves the operations out of a narrower terminal, then clips what is long, and wraps the description', () => {
    expect(lines(renderTimeline(RETRIED, plain(80))).slice(1, 8)).toEqual([
      '  Charges a card while the payment gateway is away: tried again, charged once,',
      '  and the receipt follows.',
      '',
      '    +2 ms  payment           payments       ↻ 1/2 GATEWAY_UN…  25 ms  █·········',
      '   +90 ms  payment           payments       ✔ 2/2              25 ms  █·········',
      '  +115 ms  ⋯ the run waits, 1.69 s, and no service holds it',
      '  +1.80 s  announce.custom…  notifications  ✔                   8 ms  ·········█',
    ]);
  });

  it('says how the cache answered each step, and what a change purged; nothing where nothing is cached', () => {
    expect(lines(renderTimeline({ ...RETRIED, events: CACHED }, plain(112))).slice(3, 7)).toEqual([
      '  +0 ms  before     invoicing  get-invoice     ✔  2 ms  miss                   ███████··························',
      '  +3 ms  credit     invoicing  credit-invoice  ✔  2 ms  purge: invoice I-1024  ·········███████·················',
      '  +6 ms  after      invoicing  get-invoice     ✔  2 ms  hit                    ···················███████·······',
      '  +9 ms  screening  payments   screen-payment  ✔  1 ms                         ·····························███·',
    ]);
  });

  it('clips a long purge before it leaves out the operations, and more of it after that', () => {
    const events = [...CACHED, purge('credit', 'all/invoicing/invoice/I-1025', 'all/invoicing/invoice/I-1026')];
    const credit = (width: number): string | undefined =>
      lines(renderTimeline({ ...RETRIED, events }, plain(width))).find((line) => line.includes('purge'));
    expect(credit(92)).toContain('credit-invoice  ✔  2 ms  purge: invoice I-1024, …  ');
    expect(credit(60)).toContain('invoicing  ✔  2 ms  purge: i…  ');
  });

  it.each([60, 80, 120, 140])('keeps to %i columns, with at least ten cells of bar', (width) => {
    for (const report of [RETRIED, REFUSED, { ...RETRIED, events: CACHED }]) {
      const text = lines(renderTimeline(report, plain(width)));
      expect(text.filter((line) => line.length > width)).toEqual([]);
      const bars = text.flatMap((line) => /[·█]+$/.exec(line) ?? []);
      expect(bars).toHaveLength(report === REFUSED ? 1 : report === RETRIED ? 3 : 4);
      expect(bars.filter((bar) => bar.length < 10)).toEqual([]);
    }
  });

  it('puts a failure into a box: its code, the step, the reason, and what to do now', () => {
    expect(lines(renderTimeline(REFUSED, plain(80)))).toEqual([
      '✖ fraud-rejected ───────────────────────────────────────────── harbour-home, ada',
      '  A large order on a foreign card.',
      '',
      '  +0 ms  screening  payments  ✖ FRAUD_SUSPECTED  1 ms  █████████████████████████',
      '',
      '  ┌────────────┬───────────────────────────────────────────────────────────────┐',
      '  │ failed     │ FRAUD_SUSPECTED, as it was meant to                           │',
      '  │ at step    │ screening, first attempt                                      │',
      '  │ because    │ Refused with 90 of 100 points: a large amount, a card from NZ │',
      '  │            │ for a parcel to IE.                                           │',
      '  │ what now   │ Ask for another card.                                         │',
      '  └────────────┴───────────────────────────────────────────────────────────────┘',
      '',
      '',
    ]);
  });

  it('of a run that was requeued shows both tries, and where one ends', () => {
    const events = told(
      { type: 'step_started', ms: 0, ...SCREEN },
      { type: 'step_failed', ms: 1, ...SCREEN, duration_ms: 1, error_code: 'FRAUD_SUSPECTED' },
      { type: 'failed', ms: 1, error_code: 'FRAUD_SUSPECTED' },
      { type: 'requeued', ms: 900 },
      { type: 'step_started', ms: 901, ...SCREEN },
      { type: 'step_completed', ms: 902, ...SCREEN, duration_ms: 1 },
      { type: 'completed', ms: 902 },
    );
    expect(lines(renderTimeline({ ...RETRIED, events }, plain(80))).slice(4, 7)).toEqual([
      '    +0 ms  screening  payments  ✖ FRAUD_SUSPECTED  1 ms  █······················',
      '  +901 ms  ↺ requeued: it goes on with what it had come to',
      '  +901 ms  screening  payments  ✔                  1 ms  ······················█',
    ]);
  });

  it('does not excuse a failure that was not meant', () => {
    const text = renderTimeline({ ...REFUSED, asMeant: false }, plain(80));
    expect(text).toContain('│ failed     │ FRAUD_SUSPECTED  ');
    expect(text).not.toContain('as it was meant to');
  });

  it('shows a glance of a long output, and says how much more there is', () => {
    const output = Object.fromEntries(
      Array.from({ length: 40 }, (_, i) => [`key_${i}`, { amount: i, of: 'x'.repeat(90) }]),
    );
    const text = renderTimeline({ ...RETRIED, ending: { kind: 'completed', output } }, plain(80));
    expect(lines(text).length).toBeLessThan(35);
    expect(text).toMatch(/… \d+ more lines/);
  });

  it('keeps to its columns whatever the colours, so that a terminal shows what a file does', () => {
    const colored = renderTimeline(RETRIED, { width: 112, colors: pc.createColors(true) });
    expect(colored).not.toEqual(stripVTControlCharacters(colored));
    const shape = (text: string): string[] => lines(text).map((line) => line.replaceAll('·', ' ').trimEnd());
    expect(shape(stripVTControlCharacters(colored))).toEqual(shape(renderTimeline(RETRIED, plain(112))));
  });
});

describe('a run of the demo', () => {
  const completed = { kind: 'completed', output: null } as const;
  const failed = (code: string | null) => ({ kind: 'failed', failure: { code, message: '' } }) as const;

  it('ends as meant only by completing, or by the failure it was to show', () => {
    const meant = [isAsMeant({}, completed), isAsMeant({ failsWith: 'A' }, failed('A'))];
    const others = [
      isAsMeant({}, failed('A')),
      isAsMeant({}, failed(null)),
      isAsMeant({ failsWith: 'A' }, completed),
      isAsMeant({ failsWith: 'A' }, failed('B')),
    ];
    expect(meant).toEqual([true, true]);
    expect(others).toEqual([false, false, false, false]);
  });
});

describe('the style', () => {
  it('has no colours on what is no terminal, and columns within reason', () => {
    expect(styleOf({}).colors.isColorSupported).toBe(false);
    expect(styleOf({}).width).toBe(120);
    expect(styleOf({ isTTY: true, columns: 20 }).width).toBe(60);
    expect(styleOf({ isTTY: true, columns: 80 }).width).toBe(80);
    expect(styleOf({ isTTY: true, columns: 400 }).width).toBe(140);
  });
});

describe('the summary', () => {
  it('counts runs that ended as meant', () => {
    expect(renderSummary([RETRIED, { ...RETRIED, workflowId: 'w-3' }, REFUSED], 1_234, plain(80))).toBe(
      '✔ 2 runs completed, 1 failed as meant, in 1.23 s',
    );
    expect(renderSummary([RETRIED], 12, plain(80))).toBe('✔ 1 run completed, in 12 ms');
  });

  it('counts a run that was requeued once, as it ended last', () => {
    const again = { ...RETRIED, workflowId: REFUSED.workflowId };
    expect(renderSummary([REFUSED, RETRIED, again], 12, plain(80))).toBe('✔ 2 runs completed, in 12 ms');
    const inVain = { ...REFUSED, asMeant: false };
    expect(renderSummary([REFUSED, RETRIED, inVain], 12, plain(80))).toBe(
      '✖ 1 run completed, not as meant: fraud-rejected, in 12 ms',
    );
  });

  it('names the runs that did not', () => {
    expect(renderSummary([RETRIED, { ...REFUSED, asMeant: false }], 12, plain(80))).toBe(
      '✖ 1 run completed, not as meant: fraud-rejected, in 12 ms',
    );
  });
});
