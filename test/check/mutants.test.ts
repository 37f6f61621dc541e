/**
 * Proves that the golden histories and claims would notice if the judge of histories were wrong, in each of the ways listed in mutants.ts.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { contradicted, court } from '../mutants/checkers.ts';
import { CHECKERS } from './mutants.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'seedraft-checkers-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('the judge as it is agrees with all of them', async () => {
  expect(contradicted(await court([], folder))).toEqual([]);
});

test.each(CHECKERS)('caught: $id, $title', async (planted) => {
  expect(contradicted(await court([planted], folder))).not.toEqual([]);
});
