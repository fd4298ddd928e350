import { endWithReader } from '../demo/reader.js';
import { styleOf } from '../demo/style.js';
import { FailedRunsClient } from './client.js';
import { type Command, commandOf } from './command.js';
import { MistakeError } from './mistake.error.js';
import { details, listOf } from './tables.js';

/** Does what is asked, by the application at `EXAMPLE_URL`. A mistake is told on stderr, and the process fails. */
async function failed(args: readonly string[]): Promise<void> {
  try {
    const command = commandOf(args);
    const { EXAMPLE_URL = 'http://localhost:3000' } = process.env;
    process.stdout.write(`${await answerTo(command, new FailedRunsClient(EXAMPLE_URL.replace(/\/+$/, '')))}\n`);
  } catch (error) {
    if (!(error instanceof MistakeError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}

async function answerTo(command: Command, client: FailedRunsClient): Promise<string> {
  switch (command.kind) {
    case 'list':
      return listOf(await client.list());
    case 'show':
      return details(await client.show(command.id), styleOf(process.stdout));
    case 'requeue': {
      const { workflow_id, links } = await client.requeue(command.id, command.changes);
      return `Run ${workflow_id} is tried again. What it comes to: ${client.url}${links.result}`;
    }
  }
}

endWithReader(process.stdout);
await failed(process.argv.slice(2));
