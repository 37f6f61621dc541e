import type { Mutant } from '../mutant.ts';

export const disks: readonly Mutant[] = [
  {
    id: 'M30',
    title: 'a corrupt tail is taken for a torn one',
    file: 'packages/store/src/recovery.ts',
    find: '      head === this.#found.newestSeq && head >= base.firstSeq && head >= witness.seq;',
    replace: '      head === this.#found.newestSeq && head >= base.firstSeq;',
    expectedRule: 'S11',
    scenarios: ['disks/bit-rot'],
    source:
      'LevelDB reopens without an error when the last synced record of its log has rotted; Protocol-Aware Recovery (Alagappan et al., FAST 2018)',
  },
  {
    id: 'M31',
    title: 'a failed fsync is tried again',
    file: 'packages/store/src/member-store.ts',
    find: "'a write fails once, in order');\n    this.#flight = null;\n    if (code !== 'NO_SPACE') this.#broken = code;",
    replace:
      "'a write fails once, in order');\n    code = 'NO_SPACE';\n    this.#flight = null;\n    if (code !== 'NO_SPACE') this.#broken = code;",
    expectedRule: 'S11',
    scenarios: ['disks/fsync-tried-again'],
    source:
      'PostgreSQL, "fsyncgate" (2018); Can Applications Recover from fsync Failures? (Rebello et al., USENIX ATC 2020)',
  },
  {
    id: 'STORE',
    title: "the store's checksums are not tested",
    file: 'packages/store/src/integrity.ts',
    find: '  if (recorded !== computed) return false;',
    replace: '  if (recorded !== computed) return true;',
    expectedRule: 'S3',
    scenarios: ['disks/bit-rot'],
    source: 'one flipped byte in a write-ahead log reopens without an error',
  },
  {
    id: 'FALSE-DAMAGE',
    title: 'recovery declares damage where the bytes are intact',
    file: 'packages/store/src/recovery.ts',
    find: '    if (!this.#agrees(witness)) {',
    replace: '    if (!this.#agrees(witness) || this.#scan.cut !== null) {',
    expectedRule: 'S11',
    scenarios: ['disks/torn-tails'],
    source:
      'a torn tail is what every power loss may leave; giving the member up for it loses a copy',
  },
  {
    id: 'REPAIR',
    title: 'a member acknowledges while it repairs its log',
    file: 'packages/core/src/replication.ts',
    find: '  if (raft.repairUntil > 0) {',
    replace: '  if (raft.repairUntil > Number.MAX_SAFE_INTEGER) {',
    expectedRule: 'S11',
    scenarios: ['disks/bit-rot'],
    source:
      'Protocol-Aware Recovery (Alagappan et al., FAST 2018): entries once acknowledged are missing, and would be counted again',
  },
  {
    id: 'FRAME',
    title: "the frame's checksum is not tested",
    file: 'packages/wire/src/frame.ts',
    find: 'if (readUint32(bytes, from + 8) !== checksum(bytes, from, to)) {',
    replace: 'if (readUint32(bytes, from + 8) !== checksum(bytes, from, to) && from < 0) {',
    expectedRule: 'S22',
    scenarios: ['replication/damaged-frames'],
    source: "damage that TCP's checksum lets through (Stone and Partridge, SIGCOMM 2000)",
  },
];
