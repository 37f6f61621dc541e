/**
 * `node flips.js [--flips 500] [--seed 1]`: one changed byte in the directory of a stopped member, closed or killed, and nothing lost in
 * silence. Places are drawn evenly from kinds of bytes (all of CURRENT, MANIFEST, WITNESS, IDENTITY; the last three records of the
 * logs; footers, indexes, filters and data of tables), each kind without repetition. Exit code 1 and the trial, when one fails.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  CURRENT_FILE,
  readLog,
  SLOT_BYTES,
  SLOT_OFFSETS,
  Version,
  WITNESS_FILE,
} from '@seedraft/store';
import { type Draw, drawFrom } from './draw.ts';
import type { Trial } from './flip-main.ts';
import { type Heard, type LifeOptions, live } from './life.ts';
import type { Look } from './look.ts';

const here = path.dirname(fileURLToPath(import.meta.url));
const { values } = parseArgs({
  options: {
    flips: { type: 'string', default: '500' },
    seed: { type: 'string', default: '1' },
    every: { type: 'boolean', default: false },
  },
});

// ------------------------------------------------------------------------------------------------------------------- lives

interface Member {
  readonly name: string;
  readonly directory: string;
  readonly heard: Heard;
}

const LIFE = { starts: 4, entries: 48, inFlight: 3, snapshotBytes: 20_000 };

async function closedMember(directory: string): Promise<Member> {
  let heard: Heard = { index: 0, sealed: 0 };
  await live({ ...LIFE, directory, until: 230 }, (now) => {
    heard = now;
  });
  return { name: 'closed', directory, heard };
}

/** Killed in the middle of its writes, once it has acknowledged up to `at`. */
async function killedMember(directory: string, at: number): Promise<Member> {
  const options: LifeOptions = { ...LIFE, directory, until: 1_000_000 };
  const child = spawn(process.execPath, [path.join(here, 'life-main.js'), JSON.stringify(options)]);
  child.stderr.pipe(process.stderr);
  let heard: Heard = { index: 0, sealed: 0 };
  const lines = createInterface({ input: child.stdout });
  for await (const line of lines) {
    heard = JSON.parse(line) as Heard;
    if (heard.index >= at) child.kill('SIGKILL');
  }
  return { name: `killed at ${heard.index}`, directory, heard };
}

// ------------------------------------------------------------------------------------------------------------------ places

interface Place {
  readonly file: string;
  readonly offset: number;
}

/** Every byte worth changing, by kind. */
function placesIn(directory: string): Map<string, Place[]> {
  const kinds = new Map<string, Place[]>();
  const store = readdirSync(directory).find((name) => name.startsWith('store-'))!;
  const add = (kind: string, file: string, from: number, to: number): void => {
    const places = kinds.get(kind) ?? [];
    for (let offset = from; offset < to; offset++) places.push({ file, offset });
    kinds.set(kind, places);
  };
  for (const name of readdirSync(path.join(directory, store)).sort()) {
    const file = path.join(store, name);
    const bytes = readFileSync(path.join(directory, file));
    if (name === CURRENT_FILE) add('CURRENT', file, 0, bytes.length);
    else if (name.startsWith('MANIFEST')) add('MANIFEST', file, 0, bytes.length);
    else if (name === 'IDENTITY') add('IDENTITY', file, 0, 128);
    else if (name === WITNESS_FILE) {
      for (const slot of SLOT_OFFSETS.flat()) add('WITNESS', file, slot, slot + SLOT_BYTES / 4);
    } else if (name.endsWith('.log')) {
      const { records } = readLog(bytes);
      add('log', file, records.at(-3)?.offset ?? 0, bytes.length);
    } else if (name.endsWith('.ldb') && isLive(path.join(directory, store), name)) {
      addTable(add, file, bytes);
    }
  }
  return kinds;
}

/** A killed member may leave tables that were merged already: nobody reads them any more. */
function isLive(store: string, name: string): boolean {
  const manifest = readdirSync(store).find((file) => file.startsWith('MANIFEST'))!;
  const version = new Version();
  for (const { bytes } of readLog(readFileSync(path.join(store, manifest))).records) {
    version.apply(bytes);
  }
  return version.tables.has(Number.parseInt(name, 10));
}

type Add = (kind: string, file: string, from: number, to: number) => void;

function addTable(add: Add, file: string, bytes: Uint8Array): void {
  const footer = bytes.length - 48;
  const numbers: number[] = [];
  for (let at = footer; numbers.length < 4; at++) {
    let value = 0;
    for (let shift = 0; ; at++, shift += 7) {
      value += (bytes[at]! & 0x7f) * 2 ** shift;
      if (bytes[at]! < 0x80) break;
    }
    numbers.push(value);
  }
  const [metaindex, metaindexSize, index] = numbers as [number, number, number, number];
  // The only block between data and metaindex; small tables have a small one.
  const filter = Math.max(0, metaindex - 60);
  add('table footer', file, footer, bytes.length);
  add('table index', file, index, footer);
  add('table filter', file, filter, metaindex + metaindexSize + 5);
  add('table data', file, 0, filter);
}

// ------------------------------------------------------------------------------------------------------------------ trials

/** Restarted when it dies, which is the worst answer of all. */
class Hands {
  #child: ChildProcessWithoutNullStreams | null = null;
  #answers: AsyncIterator<string> | null = null;

  async try(trial: Trial): Promise<Look> {
    if (this.#child === null) {
      this.#child = spawn(process.execPath, [path.join(here, 'flip-main.js')]);
      this.#child.stderr.pipe(process.stderr);
      this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    }
    this.#child.stdin.write(`${JSON.stringify(trial)}\n`);
    const answer = await this.#answers!.next();
    if (answer.done !== true) return JSON.parse(answer.value) as Look;
    const { signalCode, exitCode } = this.#child;
    this.#child = null;
    return { outcome: 'VIOLATION', sentence: `the process died: ${signalCode ?? exitCode}` };
  }

  end(): void {
    this.#child?.stdin.end();
  }
}

function* trialsOf(member: Member, flips: number, draw: Draw) {
  const kinds = [...placesIn(member.directory)].map(([kind, places]) => ({ kind, places }));
  for (let n = 0; (values.every || n < flips) && kinds.some((k) => k.places.length > 0); n++) {
    const { kind, places } = kinds[n % kinds.length]!;
    if (places.length === 0) continue;
    const [place] = places.splice(draw(places.length), 1);
    const mask = 1 << draw(8);
    const { directory: source, heard } = member;
    yield { kind, trial: { source, ...place!, mask, heard } };
  }
}

async function main(): Promise<number> {
  const root = mkdtempSync(path.join(tmpdir(), 'seedraft-flips-'));
  const draw = drawFrom(Number(values.seed));
  const hands = new Hands();
  const tally = new Map<string, number>();
  let failed = 0;
  try {
    const members = [
      await closedMember(path.join(root, 'closed')),
      await killedMember(path.join(root, 'killed'), 200 + draw(60)),
    ];
    for (const member of members) {
      const flips = Math.ceil(Number(values.flips) / members.length);
      for (const { kind, trial } of trialsOf(member, flips, draw)) {
        const { outcome, sentence } = await hands.try(trial);
        const line = `${member.name.split(' ')[0]}, ${kind}: ${outcome}`;
        tally.set(line, (tally.get(line) ?? 0) + 1);
        if (outcome !== 'VIOLATION') continue;
        failed += 1;
        console.error(
          `${member.name}, ${trial.file} offset ${trial.offset} mask ${trial.mask}: ${sentence}`,
        );
      }
    }
  } finally {
    hands.end();
    rmSync(root, { recursive: true });
  }
  for (const [line, count] of [...tally].sort())
    console.log(`${String(count).padStart(6)}  ${line}`);
  return failed === 0 ? 0 : 1;
}

process.exit(await main());
