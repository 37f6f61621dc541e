/**
 * Text read into a tree that remembers where each part stood, so that a complaint about a history can name the
 * line and the column. JSON and EDN are read into the same tree; what only EDN has (keywords, symbols, lists
 * beside vectors, keys that are not strings) keeps its kind.
 */
import type { Scanner } from './scanner.ts';

/** 1-based; columns count UTF-16 code units. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export type Node = { readonly place: Place } & (
  | { readonly kind: 'literal'; readonly value: null | boolean | number | string }
  /** `name` is without its colon, for a keyword. */
  | { readonly kind: 'keyword' | 'symbol'; readonly name: string }
  | { readonly kind: 'vector' | 'list'; readonly items: readonly Node[] }
  | { readonly kind: 'map'; readonly entries: readonly (readonly [Node, Node])[] }
);

/** Thrown inside the readers only; they give it back as a value. */
export class SyntaxFault extends Error {
  readonly place: Place;

  constructor(sentence: string, place: Place) {
    super(sentence);
    this.place = place;
  }
}

export type ReadResult =
  | { readonly ok: true; readonly nodes: readonly Node[] }
  | { readonly ok: false; readonly sentence: string; readonly place: Place };

/** Reads to the end, and turns a fault into a value. */
export function readAll(scanner: Scanner, readNext: () => Node | null): ReadResult {
  const nodes: Node[] = [];
  try {
    for (let node = readNext(); node !== null; node = readNext()) nodes.push(node);
    return { ok: true, nodes };
  } catch (fault) {
    if (fault instanceof SyntaxFault) {
      return { ok: false, sentence: fault.message, place: fault.place };
    }
    throw fault;
  } finally {
    scanner.release();
  }
}

/** The plain value of a node: keywords and symbols become strings, lists arrays, keys strings. */
export function plain(node: Node): unknown {
  switch (node.kind) {
    case 'literal':
      return node.value;
    case 'keyword':
    case 'symbol':
      return node.name;
    case 'vector':
    case 'list':
      return node.items.map(plain);
    case 'map': {
      const entries = node.entries.map(([key, value]) => [keyText(key), plain(value)] as const);
      return Object.fromEntries(entries);
    }
  }
}

/** The value under a key, which may be a string or a keyword. The last one counts, as in JSON. */
export function field(node: Node & { readonly kind: 'map' }, name: string): Node | undefined {
  return node.entries.findLast(([key]) => keyText(key) === name)?.[1];
}

function keyText(key: Node): string {
  if (key.kind === 'keyword' || key.kind === 'symbol') return key.name;
  const value = plain(key);
  return typeof value === 'string' ? value : JSON.stringify(value);
}
