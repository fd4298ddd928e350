import { readdirSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { ConfigurationError } from '../errors/configuration.error.js';
import { InvalidCookbookError } from '../errors/invalid-cookbook.error.js';
import type { Cookbook } from './cookbook.js';
import { inputCheck } from './cookbook.input.js';
import { type ParseOptions, parseCookbook } from './cookbook.parser.js';
import { parseJson } from '../utils/parse-json.js';
import { nameOf } from './definition.js';

/** A document and where it came from, as an error names it. */
interface Source {
  readonly from: string;
  readonly document: unknown;
  /** The cookbook's name when it says none. */
  readonly name?: string;
}

/**
 * The cookbooks of a folder, one in each `*.json`, or of a list of documents; by name. A cookbook in a file that says no
 * name is named after the file.
 *
 * @param source relative folders start at the working directory
 * @throws ConfigurationError naming the file: what is no JSON, no cookbook, or has no name of its own
 */
export function loadCookbooks(source: string | readonly unknown[], options: ParseOptions): Map<string, Cookbook> {
  const sources = typeof source === 'string' ? filesOf(source) : documentsOf(source);
  const cookbooks = new Map<string, Cookbook>();
  const origins = new Map<string, string>();
  for (const { from, document, name: fallback } of sources) {
    const cookbook = parsed(from, document, options);
    const name = nameOf(cookbook) ?? fallback;
    if (name === undefined) throw new ConfigurationError(`${from} has no name. Give it one: runs are started by it.`);
    const other = origins.get(name);
    if (other !== undefined) {
      throw new ConfigurationError(`${from} and ${other} are both named "${name}". Give one of them another name.`);
    }
    origins.set(name, from);
    cookbooks.set(name, cookbook.name === undefined ? { ...cookbook, name } : cookbook);
  }
  return cookbooks;
}

function parsed(from: string, document: unknown, options: ParseOptions): Cookbook {
  try {
    const cookbook = parseCookbook(document, options);
    inputCheck(cookbook); // finds now what else the first start would
    return cookbook;
  } catch (cause) {
    if (!(cause instanceof InvalidCookbookError)) throw cause;
    throw new ConfigurationError(`${from}: ${cause.message}`, { cause });
  }
}

function documentsOf(documents: readonly unknown[]): Source[] {
  return documents.map((document, index) => ({ from: `cookbooks[${index}]`, document }));
}

function filesOf(folder: string): Source[] {
  return namesIn(folder).map((file) => {
    const from = join(folder, file);
    return { from, document: read(from), name: basename(file, '.json') };
  });
}

function namesIn(folder: string): string[] {
  try {
    const files = readdirSync(folder);
    return files.filter((file) => file.endsWith('.json')).sort();
  } catch (cause) {
    const where = `cookbooks: "${folder}" (${resolve(folder)})`;
    throw new ConfigurationError(`${where} cannot be read. Give a folder of *.json files.`, { cause });
  }
}

function read(file: string): unknown {
  try {
    return parseJson(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new ConfigurationError(`${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}.`, {
      cause,
    });
  }
}
