// Completes the package before `npm pack`: its README and LICENSE are the repository's. Node built-ins only.
import { copyFileSync, existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('../', import.meta.url);
const library = new URL('libs/orchestrator/', root);
if (!existsSync(new URL('dist/index.js', library))) {
  console.error(`${fileURLToPath(library)}dist holds no build: run "npm run build" in ${fileURLToPath(root)} first.`);
  process.exit(1);
}
for (const file of ['README.md', 'LICENSE']) copyFileSync(new URL(file, root), new URL(file, library));
