/**
 * What a directory holds, without holding it: for people who look at a member that runs, or that does not start any more. Everything is read
 * from a copy (tables as hard links where the file system allows it: they never change), judged as at any start, and nothing is mended.
 */
import { copyFileSync, linkSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { RecoveredMember } from '@seedraft/replica';
import { scanLevelDirectory } from '../leveldb/scan.ts';
import { recover, type Verdict } from '../recovery.ts';
import { WITNESS_FILE } from '../witness.ts';
import { bytesBelow, RealDirectory } from './files.ts';
import { findGeneration, generationPath } from './generation.ts';
import { IDENTITY_FILE, type Identity, readIdentity } from './identity.ts';
import { codeOf, type Refused, refusalOf } from './refusal.ts';

export type Inspection =
  | { readonly outcome: 'empty' }
  | {
      readonly outcome: 'found';
      /** The folder of the generation that counts. */
      readonly place: string;
      readonly bytesOnDisk: number;
      /** Null: it cannot be read. */
      readonly identity: Identity | null;
      /** What a start would find. */
      readonly verdict: Verdict['outcome'];
      /** What is wrong, and what a start would do about it; '' when nothing is. */
      readonly sentence: string;
      /** Null unless a start would serve. */
      readonly member: RecoveredMember | null;
    }
  | Refused;

/** A running member may replace a table, or the whole generation, while it is copied. */
const ATTEMPTS = 10;

/** Of a directory that may be in use. Nothing in it is changed. */
export function inspectDirectory(directory: string): Inspection {
  try {
    for (let attempt = 1; ; attempt++) {
      const { newest } = findGeneration(directory);
      if (newest === 0) return { outcome: 'empty' };
      try {
        return inspect(generationPath(directory, newest));
      } catch (thrown) {
        if (codeOf(thrown) !== 'ENOENT' || attempt === ATTEMPTS) throw thrown;
      }
    }
  } catch (thrown) {
    return refusalOf(thrown, directory);
  }
}

function inspect(place: string): Inspection {
  const copy = mkdtempSync(path.join(tmpdir(), 'seedraft-inspect-'));
  try {
    copyFiles(place, copy);
    const read = readIdentity(copy);
    const verdict = recover(scanLevelDirectory(new RealDirectory(copy)));
    return {
      outcome: 'found',
      place,
      bytesOnDisk: bytesBelow(place),
      identity: read.status === 'intact' ? read.identity : null,
      verdict: verdict.outcome,
      sentence: 'sentence' in verdict ? verdict.sentence : '',
      member: 'member' in verdict ? verdict.member : null,
    };
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/**
 * The witness first: whatever it speaks for is in the logs that are copied after it. Then what names the tables, then the rest; a table that
 * is gone by then was replaced, and its copy begins anew.
 */
function copyFiles(from: string, to: string): void {
  const names = readdirSync(from).filter((name) => statSync(path.join(from, name)).isFile());
  const rank = (name: string) => {
    if (name === WITNESS_FILE || name === IDENTITY_FILE) return 0;
    return name === 'CURRENT' || name.startsWith('MANIFEST') ? 1 : 2;
  };
  for (const name of names.sort((one, other) => rank(one) - rank(other))) {
    const [source, target] = [path.join(from, name), path.join(to, name)];
    if (name.endsWith('.ldb') && linked(source, target)) continue;
    copyFileSync(source, target);
  }
}

function linked(source: string, target: string): boolean {
  try {
    linkSync(source, target);
    return true;
  } catch (thrown) {
    // Another file system, or one without links.
    if (codeOf(thrown) === 'ENOENT') throw thrown;
    return false;
  }
}
