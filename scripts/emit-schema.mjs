// Writes the cookbook's JSON Schema, as the built library has it, to the file that the package publishes.
import { existsSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format } from 'prettier';

const library = new URL('../libs/orchestrator/', import.meta.url);
const built = new URL('dist/cookbook/cookbook.schema.js', library);
if (!existsSync(built)) {
  console.error(`${fileURLToPath(built)} does not exist: run "npm run build" first.`);
  process.exit(1);
}
const { COOKBOOK_SCHEMA } = await import(built.href);
const text = await format(JSON.stringify(COOKBOOK_SCHEMA), { parser: 'json', printWidth: 120 });
writeFileSync(new URL('cookbook.schema.json', library), text);
