import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import type { INestApplication } from '@nestjs/common';
import { purgedBy } from './purged.js';
import type { Stage } from './stage.js';
import { indent, type Style } from './style.js';

/** What somebody changes over HTTP. */
export interface HttpRequest {
  readonly method: 'PUT' | 'POST';
  readonly path: string;
  readonly tenantId: string;
  readonly body: object;
}

/** A request that was answered, as the demo shows it. */
export interface RequestReport extends HttpRequest {
  readonly status: number;
  /** What of the cached answers it replaced. */
  readonly purged: readonly string[];
}

/** Makes a request of the application, which listens on a port of this machine for as long as that takes. @throws where it is refused */
export async function ask(
  request: HttpRequest,
  app: INestApplication,
  { purges$ }: Pick<Stage, 'purges$'>,
): Promise<RequestReport> {
  const purged = new Set<string>();
  const watching = purges$.subscribe(({ context, tags }) => {
    if (context === 'http') for (const what of purgedBy(tags)) purged.add(what);
  });
  const server = app.getHttpServer() as Server;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const { method, path, tenantId, body } = request;
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, {
      method,
      headers: { 'content-type': 'application/json', 'x-tenant': tenantId },
      body: JSON.stringify(body),
    });
    const { status, ok } = response;
    const answer = await response.text();
    if (!ok) throw new Error(`${method} ${path} was refused with ${status}: ${answer}`);
    return { ...request, status, purged: [...purged] };
  } finally {
    watching.unsubscribe();
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }
}

/** Two lines: who asks for what, and what it came to. */
export function renderRequest(report: RequestReport, { width, colors }: Style): string {
  const { method, path, tenantId, body, status, purged } = report;
  const head = `${method} ${path}`;
  const rule = '─'.repeat(Math.max(width - head.length - tenantId.length - 4, 0));
  const purge = purged.length === 0 ? '' : `, purge: ${purged.join(', ')}`;
  return `${colors.cyan('⇄')} ${colors.bold(head)} ${colors.dim(rule)} ${tenantId}\n${indent(`${inspect(body)} by HTTP: ${status}${purge}`)}\n\n`;
}
