/** How a member's heap is collected: it shares its machine with others, and what it keeps is state and log, not garbage. */
import { setFlagsFromString } from 'node:v8';

const FLAGS = [
  // How far the heap may grow before all of it is collected V8 decides by how fast program and collector seem to be: on a busy machine that
  // came to 30 MB and more of dead entries and values. Twofold, always.
  '--heap-growing-percent=100',
  // A nursery of a few megabytes is not worth waking other threads for: they cost a tenth of all that a put costs the state machine.
  '--no-parallel-scavenge',
];

/** For this process; may be said at any time. */
export function tuneHeap(): void {
  for (const flag of FLAGS) setFlagsFromString(flag);
}
