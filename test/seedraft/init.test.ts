/** `seedraft init` as a process: all of its files or none, whatever is in the way, and what was there stays. That they work is tried with the examples. */
import { spawnSync } from 'node:child_process';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';

const BIN = fileURLToPath(new URL('../../packages/seedraft/bin/seedraft.js', import.meta.url));
const place = mkdtempSync(path.join(tmpdir(), 'seedraft-init-'));
afterAll(() => rmSync(place, { recursive: true }));

function init(folder: string): { code: number | null; stderr: string } {
  const { status, stderr } = spawnSync(process.execPath, [BIN, 'init'], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  });
  return { code: status, stderr };
}

/** Every name in it; links are not followed. */
const namesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();

const ALL = [
  '.github',
  '.github/workflows',
  '.github/workflows/seedraft.yml',
  'scenarios',
  'scenarios/leader-crashes.yaml',
  'seedraft.config.ts',
  'seedraft.test.ts',
];

/** What is in the way, what is said of it, and how it is put out of the way. */
const OBSTACLES: readonly [string, (folder: string) => void, RegExp, (folder: string) => void][] = [
  [
    'a file where a folder goes',
    (folder) => writeFileSync(path.join(folder, 'scenarios'), 'mine'),
    /scenarios is no folder, so scenarios\/leader-crashes\.yaml has no place; nothing was written/,
    (folder) => unlinkSync(path.join(folder, 'scenarios')),
  ],
  [
    'a link to nowhere where a folder goes',
    (folder) => symlinkSync('nowhere', path.join(folder, '.github')),
    /\.github is no folder, so \.github\/workflows\/seedraft\.yml has no place/,
    (folder) => unlinkSync(path.join(folder, '.github')),
  ],
  [
    'a link to nowhere where a file goes',
    (folder) => symlinkSync('nowhere', path.join(folder, 'seedraft.test.ts')),
    /seedraft\.test\.ts exists already; nothing was written/,
    (folder) => unlinkSync(path.join(folder, 'seedraft.test.ts')),
  ],
  [
    'a folder where a file goes',
    (folder) => mkdirSync(path.join(folder, 'seedraft.config.ts')),
    /seedraft\.config\.ts exists already/,
    (folder) => rmSync(path.join(folder, 'seedraft.config.ts'), { recursive: true }),
  ],
];

describe.each(OBSTACLES)('%s', (_, put, sentence, remove) => {
  test('is said, and nothing is written until it is gone', () => {
    const folder = mkdtempSync(path.join(place, 'project-'));
    put(folder);
    const before = namesIn(folder);
    expect(init(folder)).toEqual({ code: 64, stderr: expect.stringMatching(sentence) });
    expect(namesIn(folder)).toEqual(before);
    remove(folder);
    expect(init(folder)).toEqual({ code: 0, stderr: '' });
    expect(namesIn(folder)).toEqual(ALL);
  });
});

test.skipIf(process.platform !== 'linux')(
  'what fails on the way leaves nothing behind, and what was there stays',
  () => {
    const folder = mkdtempSync(path.join(place, 'project-'));
    mkdirSync(path.join(folder, 'scenarios'));
    writeFileSync(path.join(folder, 'scenarios/mine.yaml'), 'name: mine\n');
    // Nobody, not even root, can make a folder there: the last file fails.
    symlinkSync('/proc', path.join(folder, '.github'));
    expect(init(folder)).toEqual({
      code: 64,
      stderr: expect.stringMatching(
        /\.github\/workflows\/seedraft\.yml cannot be written: .+\. Nothing was written/,
      ),
    });
    expect(readdirSync(folder).sort()).toEqual(['.github', 'scenarios']);
    expect(readdirSync(path.join(folder, 'scenarios'))).toEqual(['mine.yaml']);
    expect(readFileSync(path.join(folder, 'scenarios/mine.yaml'), 'utf8')).toBe('name: mine\n');
    expect(lstatSync(path.join(folder, '.github')).isSymbolicLink()).toBe(true);
  },
);
