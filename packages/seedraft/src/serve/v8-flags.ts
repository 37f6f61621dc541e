/** How a member's code is compiled and its heap collected: it shares its machine with others, and what it keeps is state and log, not garbage. */
import { setFlagsFromString } from 'node:v8';

const FLAGS = [
  // How far the heap may grow before all of it is collected V8 decides by how fast program and collector seem to be: on a busy machine that
  // came to 30 MB and more of dead entries and values. Two and a half times, always: with less, full collections were a ninth of all CPU.
  '--heap-growing-percent=150',
  // A nursery of a few megabytes is not worth waking other threads for: they cost a tenth of all that a put costs the state machine.
  '--no-parallel-scavenge',
  // What runs once a turn is compiled after so many bytecodes, not after three times as many: with a few hundred turns a second a member
  // needed most of a minute until a put cost what it costs from then on.
  '--interrupt-budget=20000',
];

/** For this process; may be said at any time. */
export function setV8Flags(): void {
  for (const flag of FLAGS) setFlagsFromString(flag);
}
