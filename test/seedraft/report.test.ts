/** `seedraft report` and the pages that failures leave: where they are written, what is said about them, and what is refused. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { inflateRawSync } from 'node:zlib';
import { unpackRecording } from '@seedraft/sim';
import type { PackedReport, Report } from '@seedraft/viewer';
import { afterAll, beforeAll, expect, test } from 'vitest';

const top = fileURLToPath(new URL('../..', import.meta.url));
const bin = path.join(top, 'packages/seedraft/bin/seedraft.js');
const place = mkdtempSync(path.join(tmpdir(), 'seedraft-report-'));
afterAll(() => rmSync(place, { recursive: true }));

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function node(...words: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { cwd: place, env: { ...process.env, NO_COLOR: '1' } };
    execFile(process.execPath, words, options, (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code), out, err }),
    );
  });
}

/** What a page carries. */
function reportIn(file: string): Report {
  const html = readFileSync(path.join(place, file), 'utf8');
  const [, data = ''] = /id="seedraft-report">([^<]*)</.exec(html) ?? [];
  const packed: PackedReport = JSON.parse(inflateRawSync(Buffer.from(data, 'base64')).toString());
  const runs = packed.runs.map((run) => ({ ...run, recording: unpackRecording(run.recording) }));
  return { ...packed, runs };
}

// A rule that is not broken is a failure where one was expected.
const STORY = `name: never
story: What is expected does not come.
cluster: { voters: 3 }
workload: { for: 300ms, rate: 20 }
liveness: false
expect: violation S1
`;

beforeAll(async () => {
  writeFileSync(path.join(place, 'never.yaml'), STORY);
  await node(path.join(top, 'packages/viewer/build.mjs'));
}, 60_000);

test('a failing run leaves a page in its folder, and report draws it again', async () => {
  const failed = await node(bin, 'run', 'never.yaml', '--seed', '1');
  const file = 'runs/never-seed-1/report.html';
  expect(failed.out).toContain(`See it:     ${file}`);
  const [run] = reportIn(file).runs;
  expect(run?.name).toBe('raw');
  expect(run?.replay).toContain('replay runs/never-seed-1');
  rmSync(path.join(place, file));

  const drawn = await node(bin, 'report', 'runs/never-seed-1', '--json');
  expect(drawn.code).toBe(0);
  const told = JSON.parse(drawn.out);
  expect(told).toMatchObject({ file, runs: [{ name: 'raw', seed: '1', leftOut: 0 }] });
  expect(told.bytes).toBeLessThan(1_000_000);
  expect(reportIn(file).runs[0]?.recording.events.length).toBe(told.runs[0].events);
});

test('a scenario and a seed are drawn too, to the file that was named', async () => {
  const drawn = await node(bin, 'report', 'never.yaml', '--seed', '2', '--out', 'page.html');
  expect(drawn.out).toMatch(/^page\.html \(\d+ kB\): raw \d+ events\n/);
  expect(reportIn('page.html').runs[0]?.recording.header.seed).toBe('2');
});

test.each([
  [['report', 'never.yaml'], /to draw a run of a scenario, name its seed: --seed 17/],
  [['report', 'never.yaml', '--seed', '1', '--out', 'no/such/page.html'], /does not exist/],
])('%s is refused', async (words, why) => {
  const refused = await node(bin, ...words);
  expect(refused.code).toBe(64);
  expect(refused.err).toMatch(why);
  expect(existsSync(path.join(place, 'no'))).toBe(false);
});
