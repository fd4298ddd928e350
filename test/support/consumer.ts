import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { succeed } from './shell.js';

/** An empty project with the packed library installed, as a user has it. */
export interface Consumer {
  readonly folder: string;
  /** The files of the tarball, without its `package/`. */
  readonly packed: readonly string[];
  write(file: string, content: string): void;
  /** Installs more, in the versions the repository has. */
  add(...packages: readonly string[]): Promise<void>;
  /** Compiles the project's TypeScript with the strictest settings, against the packed types. */
  compile(): Promise<string>;
  remove(): void;
}

const COMPILER_OPTIONS = {
  module: 'nodenext',
  target: 'ES2023',
  strict: true,
  exactOptionalPropertyTypes: true,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  skipLibCheck: true,
  types: [],
};

/**
 * Builds and packs the library, and installs it with `packages` into a new folder outside the repository. Packages come in
 * the versions `installed` there, which the cache of the package manager holds already.
 */
export async function installPacked(packages: readonly string[], installed = 'node_modules'): Promise<Consumer> {
  const folder = mkdtempSync(join(tmpdir(), 'consumer-'));
  const write = (file: string, content: string): void => {
    writeFileSync(join(folder, file), content);
  };
  await succeed('.', 'npx', 'nest', 'build', 'orchestrator');
  const pack = await succeed('libs/orchestrator', 'npm', 'pack', '--json', '--pack-destination', folder);
  const [tarball] = JSON.parse(pack) as [{ filename: string; files: { path: string }[] }];
  write('package.json', JSON.stringify({ name: 'consumer', private: true, type: 'module' }));
  write('tsconfig.json', JSON.stringify({ compilerOptions: COMPILER_OPTIONS, include: ['*.ts', '*.cts'] }));
  const install = (...wanted: readonly string[]): Promise<string> =>
    succeed(folder, 'npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', '--save-exact', ...wanted);
  const pinned = (name: string): string => `${name}@${versionOf(`${installed}/${name}`)}`;
  await install(`./${tarball.filename}`, ...packages.map(pinned));
  return {
    folder,
    packed: tarball.files.map(({ path }) => path),
    write,
    add: async (...more) => {
      await install(...more.map(pinned));
    },
    compile: () => succeed(folder, process.execPath, resolve('node_modules/typescript/bin/tsc'), '-p', '.'),
    remove: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function versionOf(folder: string): string {
  return (JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')) as { version: string }).version;
}
