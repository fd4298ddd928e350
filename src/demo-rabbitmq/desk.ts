import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Scenario } from '../demo/scenarios.js';
import type { Ending } from '../demo/timeline.js';
import type { ResultView } from '../runs/run.views.js';

/** A run that was started. */
export interface Started {
  readonly workflowId: string;
  readonly scenario: Scenario;
  readonly ending: Promise<Outcome>;
}

/** How a run has ended, and what its steps came to where it completed. */
export type Outcome = Ending & Partial<Pick<ResultView, 'steps'>>;

/** Milliseconds until a run is asked for again that nobody has taken up yet. */
const AGAIN = 100;

/** Starts runs, and asks what they came to, at the HTTP door of `runs`. */
export class Desk {
  /** @param signal ends all waiting */
  constructor(
    private readonly url: string,
    private readonly signal: AbortSignal,
  ) {}

  /** @throws when it is refused */
  async start(scenario: Scenario): Promise<Started> {
    const { cookbook, input, tenantId, personId } = scenario;
    const workflowId = randomUUID();
    const response = await fetch(`${this.url}/runs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ cookbook, input, workflow_id: workflowId, tenant_id: tenantId, person_id: personId }),
      signal: this.signal,
    });
    if (!response.ok) throw new Error(`${cookbook} was refused with ${response.status}: ${await response.text()}`);
    return { workflowId, scenario, ending: this.endingOf(workflowId) };
  }

  private async endingOf(workflowId: string): Promise<Outcome> {
    for (;;) {
      const response = await fetch(`${this.url}/runs/${workflowId}/result?timeout=20s`, { signal: this.signal });
      if (response.status === 200) {
        const { output, steps } = (await response.json()) as ResultView;
        return { kind: 'completed', output, steps };
      }
      const said = await response.text();
      if (response.status === 404) await setTimeout(AGAIN, undefined, { signal: this.signal });
      else if (response.status !== 202)
        return { kind: 'failed', failure: { code: String(response.status), message: said } };
    }
  }
}
