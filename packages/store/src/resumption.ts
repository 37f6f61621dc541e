/** What a running store continues from: made by recovery, or by a fresh directory. */
import type { Chain } from './chain.ts';
import type { ChunkIndex } from './chunk.ts';
import type { Slot } from './witness.ts';

export interface Resumption {
  readonly chain: Chain;
  /** The snapshot in force; others are garbage. */
  readonly snapshots: Map<string, ChunkIndex>;
  /** Keys that nothing needs: deleted along with later groups. */
  readonly garbage: readonly string[];
  /** Not the one that holds the newest witness. */
  readonly nextSlot: Slot;
}
