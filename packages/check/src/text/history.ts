/**
 * Histories in and out of text: JSON (one array), NDJSON (an object per line), Jepsen's EDN (one vector, or a map
 * per line). Values cross as plain data: an EDN keyword in a value becomes a string. Lines of processes
 * that are not numbers (Jepsen's nemesis) are left out and counted. Every error names line and column.
 */
import type { HistoryEvent, Operation, Phase, Witness } from '../history.ts';
import { type HistoryError, type HistoryErrorCode, pairHistory } from '../pairing.ts';
import { printEdn, printKeyword, readEdn } from './edn.ts';
import { readJson } from './json.ts';
import { field, type Node, type Place, plain } from './node.ts';

/** For reading, `json` and `ndjson` are one, and so are `edn` and `edn-lines`. */
export type HistoryFormat = 'json' | 'ndjson' | 'edn' | 'edn-lines';

export type ParsedHistory =
  | {
      readonly ok: true;
      readonly events: readonly HistoryEvent[];
      /** Where each event stood. */
      readonly places: readonly Place[];
      /** Lines left out because their process is not a client's. */
      readonly skipped: number;
    }
  | { readonly ok: false; readonly errors: readonly HistoryError[] };

export type ParsedOperations =
  | { readonly ok: true; readonly operations: readonly Operation[]; readonly skipped: number }
  | { readonly ok: false; readonly errors: readonly HistoryError[] };

type MapNode = Node & { readonly kind: 'map' };

/** Reads a history; without a format it looks at the first characters. */
export function parseHistory(text: string, format?: HistoryFormat): ParsedHistory {
  const edn = (format ?? guessFormat(text)).startsWith('edn');
  const read = edn ? readEdn(text) : readJson(text);
  if (!read.ok) return { ok: false, errors: [error('SYNTAX', read.sentence, null, read.place)] };
  const [only] = read.nodes;
  const isWhole = read.nodes.length === 1 && (only?.kind === 'vector' || only?.kind === 'list');
  const reader = new EventReader();
  for (const node of isWhole ? only.items : read.nodes) reader.add(node);
  const { events, places, errors, skipped } = reader;
  return errors.length > 0 ? { ok: false, errors } : { ok: true, events, places, skipped };
}

/** Reads a history and pairs it; errors of pairing, too, name line and column. */
export function parseOperations(text: string, format?: HistoryFormat): ParsedOperations {
  const parsed = parseHistory(text, format);
  if (!parsed.ok) return parsed;
  const paired = pairHistory(parsed.events);
  if (paired.ok) return { ok: true, operations: paired.operations, skipped: parsed.skipped };
  const errors = paired.errors.map((one) => ({ ...one, ...parsed.places[one.position ?? -1] }));
  return { ok: false, errors };
}

/** EDN if the first map begins with a keyword, or there is something only EDN has. */
export function guessFormat(text: string): 'json' | 'edn' {
  const begin = /^[\s\uFEFF,([]*(.?)\s*(.?)/s.exec(text.slice(0, 4096));
  const [, first = '', second = ''] = begin ?? [];
  if (first === ';' || first === '#' || first === ':') return 'edn';
  return first === '{' && second === ':' ? 'edn' : 'json';
}

/** Writes a history. Values must be plain. */
export function printHistory(events: readonly HistoryEvent[], format: HistoryFormat): string {
  const lines = (print: (event: HistoryEvent) => string, separator: string) =>
    events.map(print).join(separator);
  switch (format) {
    case 'json':
      return `[${lines((event) => JSON.stringify(ordered(event)), ',\n ')}]\n`;
    case 'ndjson':
      return events.map((event) => `${JSON.stringify(ordered(event))}\n`).join('');
    case 'edn':
      return `[${lines(ednEvent, '\n ')}]\n`;
    case 'edn-lines':
      return events.map((event) => `${ednEvent(event)}\n`).join('');
  }
}

function ordered({ process, type, f, value, time, witness }: HistoryEvent): HistoryEvent {
  const event = { process, type, f, value: value ?? null, time };
  return witness === undefined ? event : { ...event, witness };
}

function ednEvent(event: HistoryEvent): string {
  const { process, type, f, value, time, witness } = event;
  const claim = witness === undefined ? '' : `, :witness ${printEdn(witness)}`;
  return (
    `{:process ${process}, :type ${printKeyword(type)}, :f ${printKeyword(f)}, ` +
    `:value ${printEdn(value)}, :time ${printEdn(time)}${claim}}`
  );
}

class EventReader {
  readonly events: HistoryEvent[] = [];
  readonly places: Place[] = [];
  readonly errors: HistoryError[] = [];
  skipped = 0;
  private position = -1;

  add(node: Node): void {
    if (node.kind !== 'map') {
      this.position++;
      this.refuse('NOT_A_HISTORY', 'expected an event (a map)', node.place);
      return;
    }
    const process = field(node, 'process');
    if (process !== undefined && (process.kind === 'keyword' || isText(process))) {
      this.skipped++;
      return;
    }
    this.position++;
    const before = this.errors.length;
    const event: HistoryEvent = {
      process: this.integer(node, 'process'),
      type: this.phase(node),
      f: this.name(node, 'f'),
      value: this.value(node),
      time: field(node, 'time') === undefined ? this.events.length : this.number(node, 'time'),
      ...this.witness(node),
    };
    if (this.errors.length > before) return;
    this.events.push(event);
    this.places.push(node.place);
  }

  private phase(node: MapNode): Phase {
    const type = this.name(node, 'type');
    if (type === 'invoke' || type === 'ok' || type === 'fail' || type === 'info') return type;
    if (type !== '') {
      const sentence = `type ${JSON.stringify(type)} is none of invoke, ok, fail, info`;
      this.refuse('UNKNOWN_TYPE', sentence, field(node, 'type')!.place);
    }
    return 'invoke';
  }

  private value(node: MapNode): unknown {
    const value = field(node, 'value');
    return value === undefined ? null : plain(value);
  }

  private witness(node: MapNode): { witness?: Witness } {
    const witness = field(node, 'witness');
    if (witness === undefined) return {};
    if (witness.kind !== 'map') {
      this.refuse('BAD_FIELD', 'witness must be {index, read}', witness.place);
      return {};
    }
    const read = field(witness, 'read');
    if (read?.kind === 'literal' && typeof read.value === 'boolean') {
      return { witness: { index: this.integer(witness, 'index'), read: read.value } };
    }
    this.refuse('BAD_FIELD', 'witness.read must be true or false', (read ?? witness).place);
    return {};
  }

  /** A string or keyword; '' after a complaint. */
  private name(node: MapNode, name: string): string {
    const found = this.required(node, name);
    if (found === undefined) return '';
    const value = plain(found);
    if (typeof value === 'string' && value !== '') return value;
    this.refuse('BAD_FIELD', `${name} must be a name`, found.place);
    return '';
  }

  private integer(node: MapNode, name: string): number {
    const value = this.number(node, name);
    if (Number.isSafeInteger(value)) return value;
    this.refuse('BAD_FIELD', `${name} must be an integer`, field(node, name)!.place);
    return 0;
  }

  private number(node: MapNode, name: string): number {
    const found = this.required(node, name);
    if (found === undefined) return 0;
    if (found.kind === 'literal' && typeof found.value === 'number') return found.value;
    this.refuse('BAD_FIELD', `${name} must be a number`, found.place);
    return 0;
  }

  private required(node: MapNode, name: string): Node | undefined {
    const found = field(node, name);
    if (found === undefined) this.refuse('MISSING_FIELD', `the event lacks ${name}`, node.place);
    return found;
  }

  private refuse(code: HistoryErrorCode, sentence: string, place: Place): void {
    this.errors.push(error(code, sentence, this.position, place));
  }
}

function isText(node: Node): boolean {
  return node.kind === 'literal' && typeof node.value === 'string';
}

function error(
  code: HistoryErrorCode,
  sentence: string,
  position: number | null,
  place: Place,
): HistoryError {
  return { code, sentence, position, ...place };
}
