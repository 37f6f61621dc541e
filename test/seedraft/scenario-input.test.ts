/** What people name as a scenario: found by file, folder and shipped name; anything else is a UsageError with the place of each mistake. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fc, test } from '@fast-check/vitest';
import { afterAll, describe, expect } from 'vitest';
import { UsageError } from '../../packages/seedraft/src/exit-codes.ts';
import { parseScenario } from '../../packages/seedraft/src/scenario-file.ts';
import { findScenarios } from '../../packages/seedraft/src/scenarios.ts';

const place = mkdtempSync(path.join(tmpdir(), 'seedraft-scenarios-'));
afterAll(() => rmSync(place, { recursive: true }));

function file(name: string, text: string | Uint8Array): string {
  const at = path.join(place, name);
  mkdirSync(path.dirname(at), { recursive: true });
  writeFileSync(at, text);
  return at;
}

const namesOf = (...names: string[]): string[] => findScenarios(names).map((source) => source.file);

describe('found', () => {
  test('shipped ones: all, a theme, one, each once', () => {
    const all = namesOf();
    expect(all).toContain('paper/figure-8');
    expect(all).not.toContain('schema');
    expect(namesOf('paper')).toEqual(all.filter((name) => name.startsWith('paper/')));
    expect(namesOf('swarm', 'swarm', 'calm')).toEqual(['swarm', 'calm']);
  });

  test('a file, and a folder without what is hidden or a dependency', () => {
    const one = file('tree/b.yaml', 'name: b\n');
    const two = file('tree/deep/a.json', '{"name":"a"}');
    file('tree/node_modules/c.yaml', 'no scenario');
    file('tree/.hidden/d.yaml', 'no scenario');
    file('tree/notes.txt', 'no scenario');
    expect(namesOf(path.join(place, 'tree'))).toEqual([one, two]);
  });
});

describe('refused', () => {
  const refusal = (...names: string[]): string => {
    try {
      findScenarios(names);
    } catch (error) {
      expect(error).toBeInstanceOf(UsageError);
      return (error as Error).message;
    }
    throw new Error('it was accepted');
  };

  test('no such scenario, with what may have been meant', () => {
    expect(refusal('paper/figre-8')).toContain('Did you mean: paper/figure-8');
    expect(refusal('qqq')).toContain('Shipped are: calm, ');
  });

  test('a folder without any', () => {
    mkdirSync(path.join(place, 'nothing'), { recursive: true });
    expect(refusal(path.join(place, 'nothing'))).toContain('No scenario files');
  });

  test('what is endless or too large', () => {
    expect(refusal('/dev/zero')).toBe('/dev/zero is larger than 1 MiB.');
  });

  test.each<[string, string, RegExp]>([
    ['empty', '', /:1:1: the file is empty/],
    ['white space', ' \n\n', /:1:1: the file is empty/],
    ['a list', '- a\n', /:1:1: .*expected object/],
    [
      'an unknown key',
      'name: x\nclustr: {}\n',
      /:2:1: clustr: unknown key.*Did you mean cluster\?/,
    ],
    ['a wrong type', 'name: x\nworkload: { rate: "y" }\n', /:2:13: workload\.rate: .*number/],
    ['no voters', 'name: x\ncluster: { voters: 0 }\n', /:2:12: cluster\.voters: /],
    [
      'a fault at nobody',
      'name: x\ncluster: { voters: 3 }\nfaults:\n  - { at: 1s, crash: n9 }\n',
      /:4:15: faults\[0\]\.target: there is no member n9; this run has n1, n2, n3/,
    ],
    ['a tag', 'name: !thing x\n', /:1:7: Unresolved tag/],
    ['a key twice', 'name: x\nname: y\n', /:2:1: .*unique/],
    ['two documents', 'name: x\n---\nname: y\n', /:2:1: .*multiple documents/],
    ['nested too deeply', '['.repeat(50_000), /:1:\d+: nested too deeply/],
  ])('%s', (name, text, problem) => {
    const at = file(`${name}.yaml`, text);
    const message = refusal(at);
    expect(message).toMatch(problem);
    expect(message.startsWith(at)).toBe(true);
  });

  test('a small file that would become a huge value', () => {
    const lines = ['a: &a [x, x, x, x, x, x, x, x, x]'];
    for (const [from, to] of ['ab', 'bc', 'cd', 'de', 'ef', 'fg']) {
      lines.push(`${to}: &${to} [${Array.from({ length: 9 }, () => `*${from}`).join(', ')}]`);
    }
    expect(refusal(file('bomb.yaml', lines.join('\n')))).toContain('aliases');
  });

  test('every wrong file is told at once, and no more than ten problems of each', () => {
    const unknown = Array.from({ length: 14 }, (_, n) => `key${n}: 1`).join('\n');
    const message = refusal(file('many.yaml', `name: x\n${unknown}`), file('one.yaml', 'nam: x'));
    expect(message).toContain('many.yaml: and 4 more problems');
    expect(message).toContain('one.yaml:1:1: ');
  });
});

test.prop([fc.uint8Array({ maxLength: 200 })])(
  'any bytes are an answer, not an accident',
  (bytes) => {
    expect(parseScenario(new TextDecoder().decode(bytes)).ok).toBe(false);
  },
);
