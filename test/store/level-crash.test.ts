/**
 * Every point at which a real directory's life may end: at each change that creation, joining and repair make to files; killed in the
 * middle of writes; the last logs cut anywhere; a log lost. What was acknowledged is there, or its loss is said; and the simulated
 * LevelDB, given the same writes and the same damage, says the same.
 */
import { spawn } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createByteDisk } from '@seedraft/sim';
import { type Directory, readLog, recover, scanLevelDirectory } from '@seedraft/store';
import { beginJoin, createDirectory, openDirectory } from '@seedraft/store/level';
import { afterAll, describe, expect, it } from 'vitest';
import { DurableFiles, RealDirectory } from '../../packages/store/src/level/files.ts';
import type { ByteDisk } from '../../sim/src/disk/byte.ts';
import {
  bootstrap,
  configuration,
  entries,
  INCARNATION,
  knobs,
  write,
} from '../sim/disk/fixtures.ts';
import { TestHost } from '../sim/disk/host.ts';
import { type Heard, type LifeOptions, live } from '../soak/life.ts';
import { look } from '../soak/look.ts';
import { createMember, IDENTITY, openMember, Scratch } from './real-member.ts';

const scratch = new Scratch();
afterAll(() => scratch.remove());

function storeOf(directory: string): string {
  const names = readdirSync(directory).filter((name) => /^store-\d+$/.test(name));
  expect(names).toHaveLength(1);
  return path.join(directory, names[0]!);
}

const logsOf = (store: string): string[] =>
  readdirSync(store)
    .filter((name) => name.endsWith('.log'))
    .sort();

/** The directory as it was before each change of files, and as it is at the end. */
async function crashPoints(
  directory: string,
  change: (files: DurableFiles) => Promise<unknown>,
): Promise<string[]> {
  const points: string[] = [];
  await change(new DurableFiles(() => points.push(scratch.copyOf(directory))));
  points.push(scratch.copyOf(directory));
  return points;
}

async function outcomeOf(directory: string): Promise<string> {
  const options = { durability: 'default', events: new TestHost(), onFailure: () => {} } as const;
  const opening = await openDirectory({ ...options, directory });
  if (opening.outcome === 'open') await opening.close();
  return opening.outcome === 'refused' ? opening.sentence : opening.outcome;
}

/** The outcomes, each once, in the order they came. */
async function outcomesOf(points: readonly string[]): Promise<string[]> {
  const seen: string[] = [];
  for (const point of points) {
    const outcome = await outcomeOf(point);
    if (seen.at(-1) !== outcome) seen.push(outcome);
  }
  return seen;
}

describe('a crash at each change of files', () => {
  const wish = { clusterId: 'c1', incarnation: INCARNATION, name: 'n1' };

  it('while a member is created: nothing, then the member; nothing can be made a member again', async () => {
    const directory = path.join(scratch.fresh(), 'deep', 'down');
    const points = await crashPoints(directory, (files) =>
      createDirectory(directory, IDENTITY, configuration, files),
    );
    expect(points.length).toBeGreaterThan(8);
    expect(await outcomesOf(points)).toEqual(['empty', 'open']);
    for (const point of points) {
      if ((await outcomeOf(point)) === 'empty') await createMember(point);
      expect(await outcomeOf(point)).toBe('open');
    }
  });

  it('while the wish to join is recorded and fulfilled: nothing, the wish, the member', async () => {
    const directory = scratch.fresh();
    const joining = await crashPoints(directory, (files) => beginJoin(directory, wish, files));
    expect(await outcomesOf(joining)).toEqual(['empty', 'joining']);
    const identity = { ...wish, id: 7 };
    const empty = { ...configuration, members: [] };
    const made = await crashPoints(directory, (files) =>
      createDirectory(directory, identity, empty, files),
    );
    expect(await outcomesOf(made)).toEqual(['joining', 'open']);
    for (const point of made) {
      if ((await outcomeOf(point)) === 'open') continue;
      expect(await createDirectory(point, identity, empty)).toEqual({ outcome: 'ok' });
      expect(await outcomeOf(point)).toBe('open');
    }
  });

  it('while a directory is written afresh, or its tail is cut: everything acknowledged, each time', async () => {
    const directory = scratch.fresh();
    let heard: Heard = { index: 0, sealed: 0 };
    const life = { starts: 2, entries: 70, until: 100, inFlight: 2, snapshotBytes: 5000 };
    await live({ ...life, directory }, (now) => {
      heard = now;
    });
    const torn = scratch.copyOf(directory);
    appendFileSync(
      path.join(storeOf(torn), logsOf(storeOf(torn))[0]!),
      new Uint8Array(900).fill(3),
    );
    const spoilt = scratch.copyOf(directory);
    writeFileSync(path.join(storeOf(spoilt), 'CURRENT'), 'MANIFEST-0\n');
    const copyOfIdentity = scratch.copyOf(directory);
    const identity = path.join(storeOf(copyOfIdentity), 'IDENTITY');
    writeFileSync(identity, readFileSync(identity).fill(1, 0, 20));
    const changes = { torn: 'intact', spoilt: 'warned', copyOfIdentity: 'warned' };
    const all = { torn, spoilt, copyOfIdentity };
    for (const name of ['torn', 'spoilt', 'copyOfIdentity'] as const) {
      const points = await crashPoints(all[name], async (files) => {
        const member = await openMember(all[name], 'default', { files });
        await member.close();
      });
      const outcomes = new Set<string>();
      for (const point of points) outcomes.add((await look(point, heard, false)).outcome);
      expect((await look(points.at(-1)!, heard, true)).outcome).toBe('intact');
      expect(outcomes).not.toContain('VIOLATION');
      expect([...outcomes][0]).toBe(changes[name]);
    }
  });
});

describe('killed', () => {
  const program = fileURLToPath(new URL('../dist/soak/life-main.js', import.meta.url));

  async function killAt(index: number): Promise<{ directory: string; heard: Heard }> {
    const directory = scratch.fresh();
    const life = { starts: 3, entries: 60, until: 1e6, inFlight: 6, snapshotBytes: 60_000 };
    const options: LifeOptions = { ...life, directory };
    const child = spawn(process.execPath, [program, JSON.stringify(options)]);
    let heard: Heard = { index: 0, sealed: 0 };
    for await (const line of createInterface({ input: child.stdout })) {
      heard = JSON.parse(line) as Heard;
      if (heard.index >= index) child.kill('SIGKILL');
    }
    expect(heard.index).toBeGreaterThanOrEqual(index);
    return { directory, heard };
  }

  it('in the middle of writes: intact, with all that was acknowledged, and it goes on', async () => {
    for (const index of [20, 125, 300]) {
      const { directory, heard } = await killAt(index);
      expect(await look(directory, heard, true)).toEqual({ outcome: 'intact', sentence: '' });
    }
  });
});

/** A directory with one file shorter than it is, or gone. */
class Shortened implements Directory {
  readonly #inner: Directory;
  readonly #file: string;
  /** -1: gone. */
  readonly #size: number;

  constructor(inner: Directory, file: string, size: number) {
    this.#inner = inner;
    this.#file = file;
    this.#size = size;
  }

  list(): readonly string[] {
    return this.#inner.list().filter((name) => this.#size >= 0 || name !== this.#file);
  }
  size(name: string): number {
    return name === this.#file ? this.#size : this.#inner.size(name);
  }
  read(name: string, offset: number, length: number): Uint8Array | null {
    const end = name === this.#file ? Math.min(this.#size, offset + length) : offset + length;
    return this.#inner.read(name, offset, Math.max(0, end - offset));
  }
}

/** `outcome term/last/repairUntil`, or the outcome alone. */
function judge(directory: Directory): string {
  const verdict = recover(scanLevelDirectory(directory));
  if (!('member' in verdict)) return verdict.outcome;
  const { hardState, entries: log, repairUntil } = verdict.member.core;
  return `${verdict.outcome} ${hardState.term}/${log.at(-1)?.index ?? 0}/${repairUntil}`;
}

describe('the simulated LevelDB and the real one', () => {
  const TERMS = 6;

  /** The same groups to both, one at a time; the real directory is then as a kill leaves it. */
  async function twins(): Promise<{ real: string; simulated: ByteDisk }> {
    const directory = scratch.fresh();
    await createMember(directory);
    const member = await openMember(directory);
    const host = new TestHost(2);
    const options = { host, knobs, incarnation: INCARNATION, bootstrap };
    const simulated = createByteDisk(options) as ByteDisk;
    simulated.recover();
    for (let term = 1; term <= TERMS; term++) {
      const next = write(term, term, entries(2 * term - 1, 2 * term, term, 2 * term * term));
      member.store.persist(next);
      await member.settled();
      simulated.persist(next);
      host.run(10_000);
    }
    const real = storeOf(scratch.copyOf(directory));
    await member.close();
    simulated.crash('kept');
    return { real, simulated };
  }

  it('write the same log, byte for byte, and cut anywhere it is judged alike', async () => {
    const { real, simulated } = await twins();
    const [name] = logsOf(real);
    const bytes = readFileSync(path.join(real, name!));
    const other = simulated.files.list().filter((file) => file.endsWith('.log'));
    expect(other).toHaveLength(1);
    const twin = simulated.files.read(other[0]!, 0, simulated.files.size(other[0]!))!;
    expect(Buffer.compare(bytes, twin)).toBe(0);
    const seen = new Map<string, number>();
    for (let size = -1; size <= bytes.length; size++) {
      const verdict = judge(new Shortened(new RealDirectory(real), name!, size));
      expect([size, verdict]).toEqual([
        size,
        judge(new Shortened(simulated.files, other[0]!, size)),
      ]);
      seen.set(verdict, (seen.get(verdict) ?? 0) + 1);
    }
    expect(Object.fromEntries(seen)).toEqual({
      damaged: bytes.length + 1,
      [`intact ${TERMS}/${2 * TERMS}/0`]: 1,
    });
  });

  /**
   * A real directory between the switch to a new log and the table that replaces the old one, as a kill would leave it: folders stand
   * where LevelDB would make that table, so that it gets no further.
   */
  async function twoLogs(): Promise<{ store: string; last: number }> {
    const directory = scratch.fresh();
    await createMember(directory);
    const member = await openMember(directory);
    const store = storeOf(directory);
    const blocks = Array.from({ length: 30 }, (_, n) => `${n + 6}`.padStart(6, '0'));
    for (const block of blocks) mkdirSync(path.join(store, `${block}.ldb`), { recursive: true });
    let last = 0;
    while (logsOf(store).length < 2) {
      last += 1;
      member.store.persist(write(last, last, entries(last, last, last, 700_000)));
      await member.settled();
    }
    expect(member.host.take().at(-1)).toEqual({ type: 'persisted', seq: last });
    const copy = storeOf(scratch.copyOf(directory));
    for (const block of blocks) rmSync(path.join(copy, `${block}.ldb`), { recursive: true });
    await member.close();
    return { store: copy, last };
  }

  it('two logs alive: whichever is cut or lost, what the witness saw is there or its loss is said', async () => {
    const { store, last } = await twoLogs();
    const directory = new RealDirectory(store);
    const whole = `intact ${last}/${last}/0`;
    expect(judge(directory)).toBe(whole);
    const seen = { older: new Set<string>(), newer: new Set<string>() };
    for (const [age, name] of [
      ['older', logsOf(store).at(-2)!],
      ['newer', logsOf(store).at(-1)!],
    ] as const) {
      const { records } = readLog(readFileSync(path.join(store, name)));
      const sizes = [-1, 0, directory.size(name) - 1];
      for (const { offset, bytes } of records.slice(-3)) {
        sizes.push(offset, offset + 1, offset + 8, offset + (bytes.length >>> 1));
      }
      for (const size of sizes) {
        const verdict = judge(new Shortened(directory, name, size));
        seen[age].add(verdict.startsWith('repairable') ? 'repairable' : verdict);
        if (!verdict.startsWith('repairable')) continue;
        expect(verdict).toMatch(new RegExp(`^repairable ${last}/\\d+/${last}$`));
      }
    }
    // As the simulated one: behind an intact newer log the hard state is proven, and without its end nothing is.
    expect([...seen.older]).toEqual(['repairable']);
    expect([...seen.newer]).toEqual(['damaged']);
  });
});
