import { NestFactory } from '@nestjs/core';
import { StepCache } from 'nest-orchestrator';
import { AppModule } from '../app.module.js';
import { endWithReader } from '../demo/reader.js';
import { graphOf } from './graph.js';
import { tableOf } from './table.js';

/** Shows how every operation of the application is cached, and what it purges: as a table, and as a graph for any Markdown. */
async function explain(): Promise<void> {
  const app = await NestFactory.createApplicationContext(AppModule, { logger: false, abortOnError: false });
  const operations = app.get(StepCache, { strict: false, each: true }).flatMap((cache) => cache.describe());
  await app.close();
  const graph = ['```mermaid', graphOf(operations), '```'].join('\n');
  process.stdout.write(
    `${tableOf(operations)}\n\nreader --> what its answers depend on, mutation ==> what it purges:\n\n${graph}\n`,
  );
}

endWithReader(process.stdout);
await explain();
