/**
 * Run folders: what is written is read back, and whatever was done to a folder since (cut, edited, made by another build, garbage of every
 * kind) is a UsageError that names the file; nothing is ever written over.
 */
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fc, test } from '@fast-check/vitest';
import { defineScenario, run, scenarioToPlan } from '@seedraft/sim';
import { afterAll, beforeAll, beforeEach, describe, expect } from 'vitest';
import { UsageError } from '../../packages/seedraft/src/exit-codes.ts';
import { readPlan } from '../../packages/seedraft/src/run-folder/plan-file.ts';
import { readRunFolder } from '../../packages/seedraft/src/run-folder/read.ts';
import {
  checksumOf,
  RUN_FILES,
  type RunRecord,
  sha256,
} from '../../packages/seedraft/src/run-folder/record.ts';
import {
  assertWritable,
  runFolderName,
  writeRunFolder,
} from '../../packages/seedraft/src/run-folder/write.ts';

const scenario = defineScenario({
  name: 'short story',
  workload: { for: '1s' },
  faults: [{ at: '300ms', crash: 'leader', restart: '100ms' }],
});
const plan = scenarioToPlan(scenario, '1');
const result = run(plan, { record: { choices: true, history: true } });
const kept = { source: 'short.yaml', plan, result };

let place = '';
let whole = '';
let copy = '';

beforeAll(() => {
  place = mkdtempSync(path.join(tmpdir(), 'seedraft-folders-'));
  whole = writeRunFolder(path.join(place, 'new', 'runs'), kept);
});
beforeEach(() => {
  copy = path.join(place, 'copy');
  rmSync(copy, { recursive: true, force: true });
  cpSync(whole, copy, { recursive: true });
});
afterAll(() => rmSync(place, { recursive: true }));

function refusalOf(folder: string): string {
  try {
    readRunFolder(folder);
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return (error as Error).message;
  }
  throw new Error('it was not refused');
}

const at = (file: string): string => path.join(copy, file);

/** Rewrites run.json, with the checksums that whoever does this on purpose would give it. */
function forge(change: (record: Record<string, unknown>) => void): void {
  const { checksum: _, ...record } = JSON.parse(readFileSync(at('run.json'), 'utf8'));
  change(record);
  writeFileSync(at('run.json'), JSON.stringify({ ...record, checksum: checksumOf(record) }));
}

function forgePart(file: string, contents: string): void {
  writeFileSync(at(file), contents);
  forge((record) => {
    record.files = { ...(record.files as object), [file]: sha256(contents) };
  });
}

test('what is written is read back', () => {
  const read = readRunFolder(whole);
  expect(read.plan).toEqual(plan);
  expect(read.record).toMatchObject({ hash: result.hash, verdict: 'pass', source: 'short.yaml' });
  expect(read.choices.length).toBe(16 * result.events);
  expect(readdirSync(whole).sort()).toEqual([...RUN_FILES, 'run.json'].sort());
});

test('a second run of the same name goes beside the first', () => {
  const before = readFileSync(path.join(whole, 'run.json'));
  const second = writeRunFolder(path.dirname(whole), kept);
  expect(second).toBe(`${whole}-2`);
  expect(readFileSync(path.join(whole, 'run.json'))).toEqual(before);
});

const text = fc.string({ unit: 'binary', maxLength: 40 });

test.prop([text, text])(
  'a name is a plain file name, whatever scenario and seed are called',
  (name, seed) => {
    expect(runFolderName(name, seed)).toMatch(/^[A-Za-z0-9._-]{6,200}$/);
    expect(['.', '..']).not.toContain(runFolderName(name, seed));
  },
);

describe('nowhere to write', () => {
  test('is said before anything runs, and makes nothing', () => {
    const file = path.join(place, 'file');
    writeFileSync(file, '');
    expect(() => assertWritable(file)).toThrow(`--out ${file}: ${file} is not a folder`);
    expect(() => assertWritable(path.join(file, 'below'))).toThrow('is not a folder');
    assertWritable(path.join(place, 'not', 'yet', 'there'));
    expect(readdirSync(place)).not.toContain('not');
    expect(() => writeRunFolder(file, kept)).toThrow(UsageError);
  });
});

describe('refused', () => {
  test('what is not a folder', () => {
    expect(refusalOf(path.join(place, 'nowhere'))).toContain('does not exist');
    expect(refusalOf(path.join(whole, 'run.json'))).toContain('is a file');
    mkdirSync(path.join(place, 'empty'), { recursive: true });
    expect(refusalOf(path.join(place, 'empty'))).toMatch(/run\.json is missing/);
  });

  test.each([...RUN_FILES, 'run.json'])('without %s', (file) => {
    rmSync(at(file));
    expect(refusalOf(copy)).toContain(`${at(file)} is missing`);
  });

  test.each([...RUN_FILES, 'run.json'])('with %s cut short, or empty', (file) => {
    truncateSync(at(file), readFileSync(at(file)).length - 20);
    expect(refusalOf(copy)).toContain(at(file));
    truncateSync(at(file), 0);
    expect(refusalOf(copy)).toContain(at(file));
  });

  test.prop([
    fc.constantFrom(...RUN_FILES, 'run.json'),
    fc.nat(),
    fc.integer({ min: 1, max: 255 }),
  ])('with any byte changed', (file, where, mask) => {
    const bytes = readFileSync(path.join(whole, file));
    const position = where % bytes.length;
    // White space of run.json is layout: it means nothing.
    const isLayout = file === 'run.json' && /\s/.test(String.fromCharCode(bytes[position] ?? 0));
    fc.pre(!isLayout);
    bytes[position] = (bytes[position] ?? 0) ^ mask;
    fc.pre(!(file === 'run.json' && isSameJson(bytes)));
    writeFileSync(at(file), bytes);
    refusalOf(copy);
    cpSync(path.join(whole, file), at(file));
  });

  test.each([
    'null',
    '5',
    '"x"',
    'true',
    '[]',
    '{}',
    '[1]',
    '{"format":"1"}',
    '{"format":1}',
    '',
    '{',
  ])('with run.json being %j', (text) => {
    writeFileSync(at('run.json'), text);
    expect(refusalOf(copy)).toContain(at('run.json'));
  });

  test.each([null, 5, 'x', [], {}])('with an identity that is %j', (identity) => {
    forge((record) => {
      record.identity = identity;
    });
    expect(refusalOf(copy)).toMatch(/not the record of a run|unknown version/);
  });

  test('of another version, with the line that would work', () => {
    forge((record) => {
      record.identity = { ...(record.identity as object), version: '9.8.7' };
    });
    expect(refusalOf(copy)).toContain(`npx seedraft@9.8.7 replay ${copy}`);
    forge((record) => {
      record.format = 99;
    });
    expect(refusalOf(copy)).toContain('folder format 99');
  });

  test('of another build, with the line that would work', () => {
    forge((record) => {
      record.identity = { ...(record.identity as object), build: 'abc', commit: 'c0ffee' };
    });
    expect(refusalOf(copy)).toMatch(/git checkout c0ffee && npm ci && npm run build/);
    forge((record) => {
      record.identity = { ...(record.identity as object), commit: 'c0ffee+' };
    });
    expect(refusalOf(copy)).toMatch(/not committed.* run short\.yaml --seed 1/);
  });

  test('with a choice log of another length', () => {
    forge((record) => {
      record.events = (record.events as RunRecord['events']) + 1;
    });
    expect(refusalOf(copy)).toContain('choices.bin holds');
  });
});

describe('a plan.json that is JSON, but no plan', () => {
  test.each(['null', '5', '[]', '{}', '{"version":1}', '{"version":1,"members":5}', '"plan"'])(
    '%s',
    (text) => {
      forgePart('plan.json', text);
      expect(refusalOf(copy)).toContain(`${at('plan.json')} is not a plan`);
    },
  );

  test.each<[string, (changed: Record<string, never>) => unknown, RegExp]>([
    ['no members', (changed) => ({ ...changed, members: [] }), /voters/],
    ['no faults', ({ faults: _, ...changed }) => changed, /./],
    [
      'a fault nobody knows',
      (changed) => ({ ...changed, faults: [{ ...plan.faults[0], fault: 'meteor' }] }),
      /no fault meteor/,
    ],
    [
      'a fault at a member that does not exist',
      (changed) => ({
        ...changed,
        faults: [
          { ...plan.faults[0], parameters: { ...plan.faults[0]?.parameters, target: 'n9' } },
        ],
      }),
      /no member n9/,
    ],
    ['a knob of another type', (changed) => ({ ...changed, bytes: 'yes' }), /bytes/],
    ['an unknown key', (changed) => ({ ...changed, weather: 1 }), /weather/],
    ['a root that is no root', (changed) => ({ ...changed, root: [1, 2] }), /root/],
    ['a limit', (changed) => ({ ...changed, limits: { maxEvents: 1 } }), /limits/],
  ])('%s', (_, change, problem) => {
    const read = readPlan(change(JSON.parse(JSON.stringify(plan))));
    expect(read.ok ? '' : read.problem).toMatch(problem);
  });

  test('while a plan is one', () => {
    expect(readPlan(JSON.parse(JSON.stringify(plan)))).toEqual({ ok: true, plan });
  });
});

function isSameJson(bytes: Buffer): boolean {
  try {
    const { checksum, ...record } = JSON.parse(bytes.toString());
    return checksum === checksumOf(record);
  } catch {
    return false;
  }
}
