/**
 * The state as plain data: copied, written down, read back, hashed. Mechanical over RaftState's fields, so that a new field cannot be forgotten.
 */
import { type Digest, digestOfImmutable, finish, Lanes } from './digest.ts';
import { Log } from './log.ts';
import type { Entry } from './message.ts';
import { Progress } from './progress.ts';
import { RaftState, TRANSIENT } from './state.ts';

type Fields = Record<string, unknown>;

/** An independent copy; immutable records, entries and payloads are shared. */
export function forkState(raft: RaftState): RaftState {
  const copy = new RaftState(raft.id, raft.config, raft.seed, raft.now);
  const target = copy as unknown as Fields;
  for (const [key, value] of Object.entries(raft)) {
    if (TRANSIENT.has(key)) continue;
    target[key] = Array.isArray(value) ? value.slice() : value;
  }
  copy.log = raft.log.copy();
  copy.peers = raft.peers.map((progress) => progress.copy());
  return copy;
}

/** Structured-clonable. Shares immutable records with the state: treat it as immutable too. */
export function plainState(raft: RaftState): unknown {
  const plain: Fields = {};
  for (const [key, value] of Object.entries(raft)) {
    if (TRANSIENT.has(key)) continue;
    plain[key] = Array.isArray(value) ? value.slice() : value;
  }
  const { baseIndex, baseTerm, entries } = raft.log;
  const log = { baseIndex, baseTerm, entries: entries.slice() };
  const peers = raft.peers.map((progress) => ({ ...progress.copy() }));
  return { ...plain, log, peers };
}

/** The inverse of plainState. */
export function restoreState(plain: unknown): RaftState {
  const fields = plain as Fields & RaftState;
  const raft = new RaftState(fields.id, fields.config, fields.seed, fields.now);
  const target = raft as unknown as Fields;
  for (const [key, value] of Object.entries(fields)) {
    target[key] = Array.isArray(value) ? value.slice() : value;
  }
  raft.log = new Log(fields.log.baseIndex, fields.log.baseTerm);
  for (const entry of fields.log.entries as readonly Entry[]) raft.log.append(entry);
  raft.peers = fields.peers.map((known) => {
    const progress = Object.assign(new Progress(known.id, known.nextIndex, 0), known);
    return progress.copy();
  });
  return raft;
}

/** Equal futures for equal digests. Fields in their fixed order; what is large is digested incrementally (log) or once (immutable values). */
export function digestState(raft: RaftState): Digest {
  const lanes = new Lanes();
  for (const [key, value] of Object.entries(raft)) {
    if (TRANSIENT.has(key) || key === 'log' || key === 'peers') continue;
    if (key === 'config' || key === 'snapshot') digestImmutable(lanes, value as object | null);
    else if (key === 'configurations') {
      for (const configuration of raft.configurations) digestImmutable(lanes, configuration);
    } else lanes.any(value);
  }
  lanes.digest(raft.log.digest());
  for (const progress of raft.peers) {
    for (const value of Object.values(progress)) lanes.any(value);
  }
  return finish(lanes);
}

function digestImmutable(lanes: Lanes, value: object | null): void {
  if (value === null) lanes.word(0);
  else lanes.digest(digestOfImmutable(value));
}
