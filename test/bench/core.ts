/** The core alone against @coaty/consensus.raft: 3 members in memory, 64-byte proposals, committed entries a second. */
import { OurCluster } from './ours.ts';
import { PeerCluster } from './peer.ts';
import { interleave, perSecond } from './rounds.ts';

export interface CoreFigures {
  readonly batch: number;
  readonly ours: number;
  readonly peer: number;
  readonly ratio: number;
  readonly ourMessagesPerEntry: number;
  readonly peerMessagesPerEntry: number;
}

const BYTES = new Uint8Array(64).fill(120);
const TEXT = 'x'.repeat(64);
/** Entries between compactions: both logs stay short enough that neither is measured as a garbage collector. */
const COMPACT_EVERY = 20_000;

interface Cluster<Command> {
  messages: number;
  committed: number;
  propose(commands: readonly Command[]): void;
  compact(): void;
}

function contestant<Command>(
  cluster: Cluster<Command>,
  commands: readonly Command[],
): () => number {
  let since = 0;
  return () =>
    perSecond(400, () => {
      const before = cluster.committed;
      for (let n = 0; n < 20; n++) cluster.propose(commands);
      since += 20 * commands.length;
      if (since >= COMPACT_EVERY) {
        since = 0;
        cluster.compact();
      }
      return cluster.committed - before;
    });
}

export function benchCore(batch: number, rounds: number): CoreFigures {
  const ours = new OurCluster();
  const peer = new PeerCluster();
  const result = interleave(rounds, {
    ours: contestant(
      ours,
      Array.from({ length: batch }, () => BYTES),
    ),
    peer: contestant(
      peer,
      Array.from({ length: batch }, () => TEXT),
    ),
  });
  return {
    batch,
    ours: result.ours!,
    peer: result.peer!,
    ratio: result.ours! / result.peer!,
    ourMessagesPerEntry: ours.messages / ours.committed,
    peerMessagesPerEntry: peer.messages / peer.committed,
  };
}
