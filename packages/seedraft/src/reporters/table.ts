/** Columns that line up, for people; machines ask for --json. */
import pc from 'picocolors';

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, at) =>
    Math.max(title.length, ...rows.map((row) => (row[at] ?? '').length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, at) => cell.padEnd(widths[at]!))
      .join('  ')
      .trimEnd();
  return [pc.bold(line(head)), ...rows.map(line)].join('\n');
}

/** What is known of one thing, a line each. */
export function facts(rows: readonly (readonly [name: string, value: string])[]): string {
  return rows.map(([name, value]) => `${name.padEnd(14)} ${value}`).join('\n');
}
