/** The README's table of rules says what the definitions say (WRITE_README=1 rewrites it). */
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { LINEARIZABILITY, LIVENESS_RULES, RULES } from '@seedraft/sim';
import { expect, it } from 'vitest';

const file = fileURLToPath(new URL('../../../sim/src/properties/README.md', import.meta.url));
/** Formatters align tables; only the words count. */
const words = (text: string): string => text.replace(/\s+/g, ' ').replace(/-{3,}/g, '---');

const MARKED = /(<!-- rules:.*-->\n)[\s\S]*(<!-- \/rules -->)/;

it('lists every rule with its definition and what it counts', () => {
  const definitions = [...RULES.map((rule) => rule.definition), LINEARIZABILITY, ...LIVENESS_RULES];
  const rows = definitions.map(
    ({ id, name, definition, antecedent }) => `| ${id} | ${name} | ${definition} | ${antecedent} |`,
  );
  const table = ['| id | name | definition | counted |', '| --- | --- | --- | --- |', ...rows].join(
    '\n',
  );
  const text = fs.readFileSync(file, 'utf8');
  const expected = text.replace(MARKED, `$1${table}\n$2`);
  if (process.env.WRITE_README === '1') fs.writeFileSync(file, expected);
  else expect(words(text)).toBe(words(expected));
});
