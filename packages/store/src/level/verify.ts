/**
 * What one generation holds, judged before LevelDB may touch it: whose it is, what recovery makes of its bytes, and whether the two belong
 * together. Every start, and everything else that builds on a member's data, begins with this; nothing is changed here.
 */
import type { Scan } from '../engine.ts';
import { scanLevelDirectory } from '../leveldb/scan.ts';
import { recover, type Verdict } from '../recovery.ts';
import { RealDirectory } from './files.ts';
import { type Identity, readIdentity } from './identity.ts';
import { type Refused, refused } from './refusal.ts';

/** There is a member that may go on. */
export type Usable = Extract<Verdict, { outcome: 'intact' | 'repairable' }>;

export interface Verified {
  readonly outcome: 'verified';
  readonly identity: Identity;
  /** Both of its copies can be read. */
  readonly isIdentityWhole: boolean;
  readonly scan: Scan;
  /** `empty`: the wish to join, and no database yet. */
  readonly verdict: Usable | Extract<Verdict, { outcome: 'empty' }>;
}

/** `place`: the folder of a generation. */
export function verify(place: string): Verified | Refused {
  const read = readIdentity(place);
  if (read.status === 'newer') {
    return refused(
      'FORMAT_NEWER',
      `${place} was written in format ${read.version}: start the version that wrote it`,
    );
  }
  if (read.status !== 'intact') {
    const how = read.status === 'missing' ? 'missing' : 'unreadable in both copies';
    return damaged(place, `IDENTITY is ${how}`);
  }
  const { identity, isWhole: isIdentityWhole } = read;
  const scan = scanLevelDirectory(new RealDirectory(place));
  const verdict = recover(scan);
  const refusal = refusalBy(verdict, place, identity);
  if (refusal !== null) return refusal;
  const usable = verdict as Verified['verdict'];
  return { outcome: 'verified', identity, isIdentityWhole, scan, verdict: usable };
}

/** Null: the member may start, or wishes to join. */
function refusalBy(verdict: Verdict, place: string, identity: Identity): Refused | null {
  switch (verdict.outcome) {
    case 'empty':
      if (identity.id === 0) return null;
      return damaged(place, `the database of member ${identity.id} and its witness are gone`);
    case 'damaged':
      return refused('DIRECTORY_DAMAGED', `${place}: ${verdict.sentence}`);
    case 'refused':
      return refused('FORMAT_NEWER', `${place}: ${verdict.sentence}`);
    case 'intact':
    case 'repairable': {
      const { incarnation } = verdict.member;
      if (identity.id !== 0 && incarnation === identity.incarnation) return null;
      return refused(
        'IDENTITY_MISMATCH',
        `${place}: IDENTITY is of incarnation ${identity.incarnation}, the database of ${incarnation}: ` +
          'put back the files that belong together, or start as a new member',
      );
    }
  }
}

function damaged(place: string, what: string): Refused {
  return refused(
    'DIRECTORY_DAMAGED',
    `${place}: ${what}. This id may have voted what is now unknown: rejoin as a new member`,
  );
}
