/** Lines to paste: a shell reads back the words that were meant, and a path is as short as it can be. */
import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { shellWord, shownPath } from '../../packages/seedraft/src/shell.ts';

test('a shell reads the words back', () => {
  const words = [
    'plain/a-b_1.0',
    'two words',
    "it's",
    '$HOME',
    '`x`',
    '"',
    'a\\b',
    '*',
    '~',
    '#',
    '',
    'ä\n!',
    'ends\n\n',
    'x\n::error::y\n',
    '##[error]x',
    ' ::x',
    "-%s\\n it's \u00077\u009b$HOME`x`",
  ];
  const script = `for word in ${words.map(shellWord).join(' ')}; do printf '%s\\0' "$word"; done`;
  const read = execFileSync('sh', ['-c', script], { encoding: 'utf8' });
  expect(read.split('\0').slice(0, -1)).toEqual(words);
  const shown = words.flatMap((word) => shellWord(word).split('\n'));
  expect(shown.filter((line) => /^\s*::|##\[|\p{Cc}/u.test(line))).toEqual([]);
  expect(shellWord('runs/calm-seed-1')).toBe('runs/calm-seed-1');
});

describe('a path', () => {
  test.each([
    ['/home/me/runs/a', 'runs/a'],
    ['runs/a', 'runs/a'],
    ['/home/me', '.'],
    ['/home/you/a', '/home/you/a'],
    ['../you/a', '/home/you/a'],
    ['..runs/a', '..runs/a'],
    ['-runs/a', './-runs/a'],
  ])('%s', (file, shown) => {
    expect(shownPath(file, '/home/me')).toBe(shown);
  });
});
