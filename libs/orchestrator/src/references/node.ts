import type { InputSize } from './input-size.js';
import { copyJson, put } from './json-copy.js';
import { scan } from './scanner.js';
import type { Part, Placeholder } from './syntax.js';

/** A compiled JSON value. Placeholders stand in it as their numbers. */
export type Node =
  | { readonly kind: 'constant'; readonly value: unknown }
  | { readonly kind: 'whole'; readonly at: number }
  | { readonly kind: 'text'; readonly pieces: readonly (string | number)[] }
  | { readonly kind: 'array'; readonly items: readonly Node[] }
  | { readonly kind: 'object'; readonly entries: readonly (readonly [key: string, node: Node])[] };

/** Compiles a value, and adds its placeholders to `found`. What has none stays one constant. */
export function nodeOf(value: unknown, found: Placeholder[]): Node {
  const before = found.length;
  const node = build(value, found);
  return found.length === before ? { kind: 'constant', value } : node;
}

function build(value: unknown, found: Placeholder[]): Node {
  if (typeof value === 'string' && value.includes('{{')) return textNode(scan(value), found);
  if (typeof value !== 'object' || value === null) return { kind: 'constant', value };
  if (Array.isArray(value)) return { kind: 'array', items: value.map((item) => nodeOf(item, found)) };
  return { kind: 'object', entries: Object.entries(value).map(([key, inner]) => [key, nodeOf(inner, found)] as const) };
}

function textNode(parts: readonly Part[], found: Placeholder[]): Node {
  const pieces = parts.map((part) => (typeof part === 'string' ? part : found.push(part) - 1));
  const [only] = pieces;
  return pieces.length === 1 && typeof only === 'number' ? { kind: 'whole', at: only } : { kind: 'text', pieces };
}

/** Puts the values of the placeholders in their places. */
export class Assembly {
  constructor(
    private readonly values: readonly unknown[],
    private readonly size: InputSize,
    private readonly copy: boolean,
  ) {}

  build(node: Node): unknown {
    switch (node.kind) {
      case 'constant':
        return this.handOut(node.value);
      case 'whole':
        return this.handOut(this.values[node.at]);
      case 'text':
        return this.text(node.pieces);
      case 'array':
        this.size.addToken();
        return node.items.map((item) => this.build(item));
      case 'object':
        return this.object(node.entries);
    }
  }

  private handOut(value: unknown): unknown {
    return this.copy ? copyJson(value, this.size) : value;
  }

  private text(pieces: readonly (string | number)[]): string {
    let text = '';
    for (const piece of pieces) {
      const value = typeof piece === 'string' ? piece : this.values[piece];
      const inserted = typeof value === 'string' ? value : JSON.stringify(value);
      this.size.addText(inserted);
      text += inserted;
    }
    return text;
  }

  private object(entries: readonly (readonly [string, Node])[]): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    this.size.addToken();
    for (const [key, node] of entries) {
      this.size.addText(key);
      put(object, key, this.build(node));
    }
    return object;
  }
}
