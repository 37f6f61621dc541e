/**
 * The hands of flips.ts, in a process of their own, since what LevelDB does with damaged bytes may end it: for each line
 * `{source, file, offset, mask, heard}` a copy of `source` with that byte changed is opened and judged; the answer is a line.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Heard } from './life.ts';
import { look } from './look.ts';

export interface Trial {
  readonly source: string;
  readonly file: string;
  readonly offset: number;
  readonly mask: number;
  readonly heard: Heard;
}

const root = mkdtempSync(path.join(tmpdir(), 'seedraft-flip-'));
let next = 1;
for await (const line of createInterface({ input: process.stdin })) {
  const { source, file, offset, mask, heard } = JSON.parse(line) as Trial;
  const copy = path.join(root, `${next++}`);
  cpSync(source, copy, { recursive: true });
  const bytes = readFileSync(path.join(copy, file));
  bytes[offset]! ^= mask;
  writeFileSync(path.join(copy, file), bytes);
  let answer: unknown;
  try {
    answer = await look(copy, heard, true);
  } catch (thrown) {
    answer = { outcome: 'VIOLATION', sentence: `threw ${(thrown as Error).stack ?? thrown}` };
  }
  rmSync(copy, { recursive: true });
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
rmSync(root, { recursive: true });
