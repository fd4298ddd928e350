import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { run, succeed } from './shell.js';

/** The library as it would be published. */
export interface Tarball {
  readonly path: string;
  /** What it holds, without its `package/`. */
  readonly files: readonly string[];
  remove(): void;
}

/** An empty project with the packed library installed, as a user has it. */
export interface Consumer {
  readonly folder: string;
  /** The files of the tarball. */
  readonly packed: readonly string[];
  write(file: string, content: string): void;
  /** Installs more, in the versions of the same lock file. */
  add(...packages: readonly string[]): Promise<void>;
  /**
   * Compiles the project's TypeScript with the strictest settings, and checks the packed types with it.
   * @throws Error for every fault that is the project's or the library's. Other packages' types are theirs
   */
  compile(): Promise<void>;
  remove(): void;
}

const COMPILER_OPTIONS = {
  module: 'nodenext',
  target: 'ES2023',
  strict: true,
  exactOptionalPropertyTypes: true,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  skipLibCheck: false,
  types: [],
};

const TSC = resolve('node_modules/typescript/bin/tsc');

/** What is packed beside what is built. */
const BESIDE = ['package.json', 'README.md', 'LICENSE', 'cookbook.schema.json'];

/** Builds and packs the library in a folder of its own, so that several may do so at once. */
export async function packLibrary(): Promise<Tarball> {
  const folder = temporary('packed-');
  const library = join(folder, 'libs/orchestrator');
  for (const file of BESIDE) cpSync(join('libs/orchestrator', file), join(library, file));
  cpSync('docs', join(folder, 'docs'), { recursive: true }); // packing takes pages from there
  await succeed(
    '.',
    process.execPath,
    TSC,
    '-p',
    'libs/orchestrator/tsconfig.lib.json',
    '--outDir',
    join(library, 'dist'),
  );
  const pack = await succeed(library, 'npm', 'pack', '--json', '--pack-destination', folder);
  const [{ filename, files }] = JSON.parse(pack) as [{ filename: string; files: { path: string }[] }];
  return { path: join(folder, filename), files: files.map(({ path }) => path), remove: removing(folder) };
}

/**
 * Installs the packed library with `packages` into a new folder outside the repository. Packages come in the versions of a
 * lock file of the repository, which the cache of the package manager holds where that was installed.
 */
export async function install(
  tarball: Tarball,
  packages: readonly string[],
  lock = 'package-lock.json',
): Promise<Consumer> {
  const folder = temporary('consumer-');
  const write = (file: string, content: string): void => {
    writeFileSync(join(folder, file), content);
  };
  copyFileSync(tarball.path, join(folder, basename(tarball.path)));
  write('package.json', JSON.stringify({ name: 'consumer', private: true, type: 'module' }));
  write('tsconfig.json', JSON.stringify({ compilerOptions: COMPILER_OPTIONS, include: ['*.ts', '*.cts'] }));
  const npm = (...wanted: readonly string[]): Promise<string> =>
    succeed(folder, 'npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', '--save-exact', ...wanted);
  const pinned = (name: string): string => `${name}@${versionIn(lock, name)}`;
  await npm(`./${basename(tarball.path)}`, ...packages.map(pinned));
  return {
    folder,
    packed: tarball.files,
    write,
    add: async (...more) => {
      await npm(...more.map(pinned));
    },
    compile: () => compile(folder),
    remove: removing(folder),
  };
}

/** Packs the library, and installs it once. */
export async function installPacked(packages: readonly string[]): Promise<Consumer> {
  const tarball = await packLibrary();
  try {
    return await install(tarball, packages);
  } finally {
    tarball.remove();
  }
}

async function compile(folder: string): Promise<void> {
  const { code, stdout, stderr } = await run(folder, process.execPath, TSC, '-p', '.');
  if (code === 0) return;
  // A fault's further lines are indented.
  const faults = stdout.split(/\n(?!\s)/).filter((line) => line.includes('error TS'));
  const own = faults.filter((fault) => !/^node_modules\/(?!nest-orchestrator\/)/.test(fault));
  if (own.length > 0 || faults.length === 0) throw new Error(`tsc: ${own.join('\n') || stdout + stderr}`);
}

function versionIn(lock: string, name: string): string {
  const { packages } = JSON.parse(readFileSync(lock, 'utf8')) as { packages: Record<string, { version: string }> };
  const found = packages[`node_modules/${name}`];
  if (found === undefined) throw new Error(`${lock} has no ${name}.`);
  return found.version;
}

const temporary = (prefix: string): string => mkdtempSync(join(tmpdir(), prefix));
const removing = (folder: string) => (): void => {
  rmSync(folder, { recursive: true, force: true });
};
