/** How much garbage a member may hold between two full collections of its heap. */
import { setFlagsFromString } from 'node:v8';

/**
 * How far a heap may grow before all of it is collected V8 decides by how fast program and collector seem to be, and on a busy machine that
 * came to 30 MB and more of dead entries and values under load. Twofold, always, costs a collection more in ten seconds of it.
 */
const GROWTH_PERCENT = 100;

/** For this process; may be said at any time. */
export function boundGarbage(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`);
}
