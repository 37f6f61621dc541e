/**
 * The paper's rules, the functions that hold them and the tests that name them cannot drift apart: every tag in the README's table stands at
 * a function that exists, and in the name of a test; every tag in the source is in the table.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const CORE = new URL('../../packages/core/', import.meta.url);

function read(name: string): string {
  return readFileSync(new URL(name, CORE), 'utf8');
}

/** One tag, "F2 AE.3" or "F2 RS.L.3a"; or several: "F13 IS.2, 3, 4", "F13 IS.2 to IS.5", "F2 AE.1-5". */
const TAG =
  /\b(F2|F13) ([A-Z]{2}(?:\.[A-Z])?)\.(\d+)([a-z]?)(?:((?:, \d+)+)|(?: to (?:F2 |F13 )?[A-Z]{2}\.|-)(\d+))?/g;

function tagsIn(text: string): Set<string> {
  const tags = new Set<string>();
  for (const [, figure, rpc, first, letter, list, last] of text.matchAll(TAG)) {
    const from = Number(first);
    tags.add(`${figure} ${rpc}.${from}${letter}`);
    for (const more of list?.matchAll(/\d+/g) ?? []) tags.add(`${figure} ${rpc}.${more[0]}`);
    for (let step = from + 1; step <= Number(last ?? 0); step += 1) {
      tags.add(`${figure} ${rpc}.${step}`);
    }
  }
  return tags;
}

/** Rows of the table: tags, and the functions as [file, function]. */
const rows = read('README.md')
  .split('\n')
  .filter((line) => /^\| F\d+ /.test(line))
  .map((line) => {
    const [, tags = '', , functions = ''] = line.split('|');
    let file = '';
    const places: [string, string][] = [];
    for (const [, code = ''] of functions.matchAll(/`([^`]+)`/g)) {
      const words = code.split(' ');
      if (words.length === 2) file = words[0]!;
      places.push([file, words.at(-1)!]);
    }
    return { tags: [...tagsIn(tags)], places };
  });
const listed = new Set(rows.flatMap(({ tags }) => tags));

const sources = new Map(
  readdirSync(new URL('src/', CORE)).map((name) => [name, read(`src/${name}`)] as const),
);

/** What stands in the names of tests in this folder. */
const named = new Set(
  readdirSync(new URL('.', import.meta.url))
    .filter((name) => /^figure-.*\.test\.ts$/.test(name))
    .flatMap((name) => {
      const text = readFileSync(new URL(name, import.meta.url), 'utf8');
      // A name is the first string after `it`, or after the table of `it.each`.
      const names = text.match(/(?<=^\s*(?:it|\])?(?:\.each[^(]*)?\()\s*['"`]F\d+ [^\n]*/gm) ?? [];
      return names.flatMap((line) => [...tagsIn(line)]);
    }),
);

it('the table is read: every step of the figures is in it', () => {
  const steps = (prefix: string, ...numbers: (number | string)[]) =>
    numbers.map((number) => `${prefix}.${number}`);
  expect([...listed].sort()).toEqual(
    [
      ...steps('F2 AE', 1, 2, 3, 4, 5),
      ...steps('F2 RV', 1, 2),
      ...steps('F2 RS.A', 1, 2),
      ...steps('F2 RS.F', 1, 2),
      ...steps('F2 RS.C', 1, 2, 3, 4),
      ...steps('F2 RS.L', 1, 2, 3, '3a', '3b', 4),
      ...steps('F13 IS', 1, 2, 3, 4, 5, 6, 7, 8),
    ].sort(),
  );
});

describe.each(rows)('$tags', ({ tags, places }) => {
  it.each(places)('%s has a function %s, with the tag in that file', (file, name) => {
    const source = sources.get(file) ?? '';
    expect(source).toContain(`function ${name}(`);
    expect([...tagsIn(source)]).toEqual(expect.arrayContaining(tags));
  });

  it('the tag is in the source', () => {
    const inSource = tagsIn([...sources.values()].join('\n'));
    for (const tag of tags) expect(inSource).toContain(tag);
  });

  it('a test is named by it', () => {
    for (const tag of tags) expect(named).toContain(tag);
  });
});

it('no tag in the source is missing from the table', () => {
  for (const [file, source] of sources) {
    for (const tag of tagsIn(source)) expect(listed, `${tag} in ${file}`).toContain(tag);
  }
});
