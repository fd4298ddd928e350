import type { FailedRunDetails, FailedRunView } from '../runs/failed-run.views.js';
import type { StartedRun } from '../runs/run.views.js';
import type { Changes } from './command.js';
import { MistakeError } from './mistake.error.js';

/** How long the application may take to answer. None of these requests waits for a run. */
const PATIENCE_MS = 10_000;

/** The failed runs of an example application that runs elsewhere. Every method throws a MistakeError for a refusal. */
export class FailedRunsClient {
  /** @param url where `npm start` serves it, without a path */
  constructor(readonly url: string) {}

  list(): Promise<readonly FailedRunView[]> {
    return this.ask('');
  }

  show(id: string): Promise<FailedRunDetails> {
    return this.ask(`/${encodeURIComponent(id)}`);
  }

  requeue(id: string, changes: Changes): Promise<StartedRun> {
    const headers = { 'content-type': 'application/json' };
    return this.ask(`/${encodeURIComponent(id)}/requeue`, {
      method: 'POST',
      headers,
      body: JSON.stringify(changes),
    });
  }

  private async ask<Answer>(path: string, request: RequestInit = {}): Promise<Answer> {
    const response = await this.send(`${this.url}/failed-runs${path}`, request);
    const body: unknown = await response.json().catch(() => undefined);
    if (response.ok && body !== undefined) return body as Answer;
    throw new MistakeError(refusalOf(body) ?? `What answers at ${this.url} is not the example (HTTP ${response.status}).`); // prettier-ignore
  }

  private async send(url: string, request: RequestInit): Promise<Response> {
    try {
      return await fetch(url, { ...request, signal: AbortSignal.timeout(PATIENCE_MS) });
    } catch (error) {
      throw new MistakeError(`Nothing answers at ${this.url}: start the example with "npm start", or say in EXAMPLE_URL where it runs.`, { cause: error }); // prettier-ignore
    }
  }
}

/** What the example refuses with: a code and a message, or all that is wrong with a request's form. */
function refusalOf(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const { code, message } = body as { readonly code?: string; readonly message?: string | readonly string[] };
  if (code !== undefined) return `${code}: ${String(message)}`;
  return Array.isArray(message) ? message.join('; ') : undefined;
}
