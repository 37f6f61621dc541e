export type { BackupAbout } from './backup.ts';
export { BackupCheck, type BackupFlaw, type CheckedBackup } from './backup-check.ts';
export { encodeChunk, MAX_CHUNK_BYTES } from './chunk.ts';
export type * from './engine.ts';
export { describeDefect } from './engine.ts';
export { createDirectory, type FreshDirectory } from './fresh.ts';
export { isIntact } from './integrity.ts';
export { assertStore, StoreInvariantError } from './invariant.ts';
export { bytesOfKey } from './keys.ts';
export { type Directory, readWhole } from './leveldb/directory.ts';
export * from './leveldb/log-format.ts';
export { readLog } from './leveldb/log-reader.ts';
export {
  CURRENT_FILE,
  logName,
  manifestName,
  scanLevelDirectory,
  tableName,
} from './leveldb/scan.ts';
export {
  BLOCK_TRAILER_BYTES,
  FOOTER_BYTES,
  readTable,
  TABLE_MAGIC,
  type TableChange,
} from './leveldb/table-reader.ts';
export * from './leveldb/version.ts';
export { type Change, decodeWriteBatch, TYPE_DELETION, TYPE_VALUE } from './leveldb/write-batch.ts';
export { MemberStore, type MemberStoreOptions } from './member-store.ts';
export { MemoryEngine } from './memory-engine.ts';
export type { Forcing } from './rebirth.ts';
export { encodeRecord, FORMAT_VERSION } from './record.ts';
export { recover, type Verdict } from './recovery.ts';
export type { Resumption } from './resumption.ts';
export type { StoreEvents } from './store-events.ts';
export {
  encodeWitness,
  SLOT_BYTES,
  SLOT_OFFSETS,
  type Slot,
  WITNESS_BYTES,
  WITNESS_FILE,
} from './witness.ts';
