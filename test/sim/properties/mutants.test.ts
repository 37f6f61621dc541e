/**
 * The planted bugs (test/mutants) as data: each patch still fits its source exactly once, names scenarios that are shipped, and is listed by
 * the rule that must catch it; what is planted by hand compiles, and comes out again. Hunting them is `npm run mutants`.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { LINEARIZABILITY, LIVENESS_RULES, RULES } from '@seedraft/sim';
import { describe, expect, test } from 'vitest';
import { CHECKERS } from '../../check/mutants.ts';
import { HOUSE } from '../../mutants/house.ts';
import { applyMutant, patchesOf, reversed } from '../../mutants/mutant.ts';
import { MUTANTS, SMOKE } from '../../mutants/mutants.ts';
import { BLINDINGS } from '../../mutants/planted/rules.ts';
import { type Table, tableOf } from '../../mutants/table.ts';
import { TypeChecker } from '../../mutants/types.ts';

const RULES_BY_ID = new Map(
  [...RULES.map(({ definition }) => definition), LINEARIZABILITY, ...LIVENESS_RULES].map(
    (definition) => [definition.id, definition],
  ),
);
const ALL = [...MUTANTS, ...CHECKERS, ...BLINDINGS];

test('ids are unique, and the smoke subset is part of them', () => {
  expect(new Set(ALL.map(({ id }) => id)).size).toBe(ALL.length);
  expect(MUTANTS.map(({ id }) => id)).toEqual(expect.arrayContaining([...SMOKE]));
});

test.each(ALL)('$id fits its source', (planted) => {
  for (const { file } of patchesOf(planted)) {
    const text = readFileSync(path.join(HOUSE, file), 'utf8');
    expect(applyMutant(planted, file, text)).not.toBe(text);
  }
});

test.each(MUTANTS)('$id can be taken out again', (planted) => {
  for (const { file } of patchesOf(planted)) {
    const text = readFileSync(path.join(HOUSE, file), 'utf8');
    expect(applyMutant(reversed(planted), file, applyMutant(planted, file, text))).toBe(text);
  }
});

test('every mutant compiles when it is planted', { timeout: 180_000 }, () => {
  const types = new TypeChecker(MUTANTS);
  expect(types.errorsWith(null)).toEqual([]);
  const errors = MUTANTS.map((planted) => [planted.id, types.errorsWith(planted)] as const);
  expect(errors.filter(([, found]) => found.length > 0)).toEqual([]);
});

describe.each(MUTANTS)('$id', ({ id, expectedRule, scenarios, source }) => {
  test('is listed by the rule that catches it', () => {
    expect(RULES_BY_ID.get(expectedRule)?.catches).toContain(id);
  });
  test('names its source and shipped scenarios', () => {
    expect(source).not.toBe('');
    for (const name of scenarios) {
      expect(existsSync(path.join(HOUSE, 'scenarios', `${name}.yaml`)), name).toBe(true);
    }
  });
});

test.each(BLINDINGS)('$id is about a mutant that is there', ({ golden }) => {
  expect(MUTANTS.map(({ id }) => id)).toContain(golden.mutant);
});

test('the table in the README of the house says what that of the room says', () => {
  const [whole, brief] = ['test/mutants/README.md', 'README.md'].map((file) => {
    const [, table = ''] = readFileSync(path.join(HOUSE, file), 'utf8').split('<!-- mutants -->');
    return tableOf(table.split('<!-- end of mutants -->')[0] as string);
  }) as [Table, Table];
  expect([...brief.lines.keys()]).toEqual(MUTANTS.map(({ id }) => id));
  for (const [id, cells] of brief.lines) {
    const told = brief.head.map((name) => whole.lines.get(id)?.[whole.head.indexOf(name)]);
    expect(cells).toEqual(told);
  }
});
