/**
 * Every story in transcripts/ comes out as it is told. SEEDRAFT_REWRITE=1 writes down how it comes out instead: read the difference before
 * committing it, since each line is a claim about Raft.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { retell } from './transcript.ts';

const folder = new URL('./transcripts/', import.meta.url);

it.each(readdirSync(folder))('%s', (name) => {
  const file = new URL(name, folder);
  const story = readFileSync(file, 'utf8');
  const told = retell(story);
  if (process.env.SEEDRAFT_REWRITE === '1') writeFileSync(file, told);
  else expect(told).toBe(story);
});

it('what comes of a story is worked out, not copied', () => {
  const story = readFileSync(new URL('01-first-election.txt', folder), 'utf8');
  expect(retell(story.replaceAll('term=1', 'term=2'))).toBe(story);
  expect(retell(story.replace('> n1 tick', '> n1 tick 149'))).not.toBe(story);
});
