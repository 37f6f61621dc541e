/** How the outcome of the trials is shown: a line each as they end, one object for machines, and the tables in Markdown. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { CHECKER_IDS, type Sentence } from './checkers.ts';
import type { Shrunk } from './hunt.ts';
import type { Column, Row } from './judge.ts';
import { MUTANTS } from './mutants.ts';

export function lineOf(row: Row): string {
  const isHunted = row.swarm !== null || row.scenarios !== null;
  const survived = isHunted
    ? `SURVIVED ${row.seeds} seeds`
    : `outside: ${outsideCell(row.outside)}`;
  const where = row.killed ? `${row.rule} in ${row.where}, seed ${row.seed}` : survived;
  const others = Object.entries(row.otherRules).map(([rule, count]) => `${rule} x${count}`);
  const aside = [`${row.seconds} s`, ...others].join(', ');
  const clean = row.cleanPasses === false ? '  BUT THE CLEAN HOUSE FAILS THERE TOO' : '';
  return `${row.id.padEnd(16)} ${row.title.padEnd(64)} ${where} (${aside})${clean}`;
}

export function lineOfChecker({ id, title, caught, by }: Sentence): string {
  return `${id.padEnd(26)} ${title.padEnd(64)} ${caught ? `caught by ${by[0]}` : 'NOT CAUGHT'}${by.length > 1 ? ` and ${by.length - 1} more` : ''}`;
}

const HEAD = [
  '| mutant | what is wrong | rule | swarm: seeds, s | scenario | from outside | shrunk | where it is known from |',
  '| --- | --- | --- | --- | --- | --- | --- | --- |',
];

export function markdownOf(rows: readonly Row[]): string {
  const lines = rows.map((row) => {
    const cells = [
      row.id,
      row.title,
      // Where its story was not told nothing is known.
      row.killed || row.scenarios === null ? row.expectedRule : `${row.expectedRule} (survived)`,
      swarmCell(row.swarm),
      scenarioCell(row.scenarios),
      outsideCell(row.outside),
      shrunkCell(row.shrunk),
      row.source,
    ];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  });
  return [...HEAD, ...lines].join('\n');
}

export function markdownOfCheckers(sentences: readonly Sentence[]): string {
  const lines = sentences.map(
    ({ id, title, caught, by }) =>
      `| ${id} | ${title} | ${caught ? by.join(', ') : 'not caught'} |`,
  );
  return [
    '| mutant | what is wrong with the judge | caught by |',
    '| --- | --- | --- |',
    ...lines,
  ].join('\n');
}

function swarmCell(column: Column | null): string {
  if (column === null) return '';
  if (column.killed === 0) return `not in ${column.seeds}`;
  const roots = rootsOf(column);
  return `${column.seeds}, ${column.seconds.toFixed(1)}${roots === '' ? '' : ` (${roots})`}`;
}

/** `5 roots`, `4 of 5 roots`; '' for one alone. */
function rootsOf({ killed, roots }: Column): string {
  if (roots === 1) return '';
  return killed < roots ? `${killed} of ${roots} roots` : `${roots} roots`;
}

function scenarioCell(column: Column | null): string {
  if (column === null || column.where === null) return column === null ? '' : 'none';
  const roots = rootsOf(column);
  return `${column.where} ${column.seed}${roots === '' ? '' : ` (after ${column.seeds}, ${roots})`}`;
}

function outsideCell(column: Column | null): string {
  if (column === null) return '';
  return column.killed === 0 ? `not in ${column.seeds}` : `${column.rule} after ${column.seeds}`;
}

/** `3504 to 53, 4.1 s`, and how it ended if patience did. */
function shrunkCell(shrunk: Shrunk | null): string {
  if (shrunk === null) return '';
  const { rawEvents, events, seconds, finished } = shrunk;
  return `${rawEvents} to ${events}, ${seconds.toFixed(1)} s${finished ? '' : ' (cut)'}`;
}

/** Over a saved table; '' when it tells of none. */
function sentenceOfShrunk({ head, lines }: Table): string {
  const at = head.indexOf('shrunk');
  const cells = [...lines.values()].flatMap((cells) => {
    const found = /^[0-9]+ to ([0-9]+), ([0-9.]+) s/.exec(cells[at] ?? '');
    return found === null ? [] : [{ events: Number(found[1]), seconds: Number(found[2]) }];
  });
  if (cells.length === 0) return '';
  const events = cells.map((cell) => cell.events).sort((one, other) => one - other);
  const slowest = Math.max(...cells.map(({ seconds }) => seconds));
  const median = events[(events.length - 1) >> 1];
  return `Shrunk: ${cells.length} failures, to a median of ${median} events, at most ${events.at(-1)}; the slowest took ${slowest} s.\n\n`;
}

/** Judges stand beside mutants, in the same shape: `rule` is what caught them. */
export function jsonOf(rows: readonly Row[], sentences: readonly Sentence[]): string {
  const judges = sentences.map(({ id, title, caught, by, seconds }) => ({
    id,
    title,
    expectedRule: 'caught',
    killed: caught,
    rule: caught ? 'caught' : null,
    where: by[0] ?? null,
    seed: null,
    seeds: 0,
    seconds,
    by,
  }));
  return JSON.stringify({ mutants: [...rows, ...judges] });
}

const MARKS = {
  mutants: ['<!-- mutants -->', '<!-- end of mutants -->'],
  judges: ['<!-- judges -->', '<!-- end of judges -->'],
} as const;

/**
 * Into a file that has the marks only what stands between them changes, line by line: who was not tried this time stays as it is, and so does
 * a cell about which nothing is known this time. The head that stands there says which columns are wanted. Any other file becomes the tables.
 */
export function saveTable(
  file: string,
  rows: readonly Row[],
  sentences: readonly Sentence[],
): void {
  const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const tables: [keyof typeof MARKS, string][] = [];
  if (rows.length > 0) tables.push(['mutants', markdownOf(rows)]);
  if (sentences.length > 0) tables.push(['judges', markdownOfCheckers(sentences)]);
  if (!before.includes(MARKS.mutants[0])) {
    writeFileSync(file, `${tables.map(([, table]) => table).join('\n\n')}\n`);
    return;
  }
  let text = before;
  for (const [name, table] of tables) {
    const [from, to] = MARKS[name].map((mark) => text.indexOf(mark)) as [number, number];
    if (from < 0 || to < 0) continue;
    const start = from + MARKS[name][0].length;
    text = `${text.slice(0, start)}\n\n${merged(text.slice(start, to), table)}\n\n${text.slice(to)}`;
  }
  writeFileSync(file, text);
}

/** The old table with the lines of the new one, in the order of the house; what the house no longer knows is gone. */
function merged(old: string, table: string): string {
  const fresh = tableOf(table);
  const former = tableOf(old);
  const head = former.head.length === 0 ? fresh.head : former.head;
  const order = [...MUTANTS.map(({ id }) => id), ...CHECKER_IDS];
  const lines = new Map<string, readonly string[]>();
  for (const id of order) {
    const cells = fresh.lines.get(id);
    const before = former.lines.get(id);
    if (cells === undefined && before === undefined) continue;
    const told = head.map((name, at) => cells?.[fresh.head.indexOf(name)] || (before?.[at] ?? ''));
    lines.set(id, told);
  }
  const shown = [head, head.map(() => '---'), ...lines.values()];
  const text = shown.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
  return sentenceOfShrunk({ head, lines }) + text;
}

export interface Table {
  readonly head: readonly string[];
  /** By their first cell. */
  readonly lines: ReadonlyMap<string, readonly string[]>;
}

/** Reads a table in Markdown; no head and no lines when there is none. */
export function tableOf(text: string): Table {
  const [head = [], , ...lines] = text
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) => line.slice(2, -2).split(' | '))
    .map((cells) => cells.map((cell) => cell.trim()));
  return { head, lines: new Map(lines.map((cells) => [cells[0] as string, cells])) };
}
