/**
 * Which commands travel together when several wait: an entry of twenty commands costs a cluster little more than an entry of one. Nothing
 * ever waits so that it may travel in company.
 *
 * Kept: commands of one group touch different things (`apart`), so that each answers and does what it would have alone, and no two versions of
 * one thing bear the same index; they leave in the order they were asked for.
 */
import type { Call } from './call.ts';
import type { Fifo } from './fifo.ts';

export interface Batching {
  /** 1: every command travels alone. */
  readonly maxCommands: number;
  /** Roughly. A command that is larger travels alone. */
  readonly maxBytes: number;
}

/** The calls whose commands go into the next request; empty: nobody waits. Settled ones are dropped. */
export function nextGroup(waiting: Fifo<Call>, { maxCommands, maxBytes }: Batching): Call[] {
  dropSettled(waiting);
  const first = waiting.shift();
  if (first === undefined) return [];
  const group = [first];
  const apart = apartOf(first);
  if (apart === null || maxCommands <= 1) return group;
  const met = new Set([apart]);
  let bytes = sizeOf(first);
  for (dropSettled(waiting); group.length < maxCommands; dropSettled(waiting)) {
    const next = waiting.first();
    if (next === undefined) break;
    const key = apartOf(next);
    if (key === null || met.has(key)) break;
    bytes += sizeOf(next);
    if (bytes > maxBytes) break;
    met.add(key);
    group.push(next);
    waiting.shift();
  }
  return group;
}

function dropSettled(waiting: Fifo<Call>): void {
  for (let first = waiting.first(); first?.open === false; first = waiting.first()) waiting.shift();
}

function apartOf({ ask }: Call): string | null {
  return ask.type === 'command' ? ask.apart : null;
}

function sizeOf({ ask }: Call): number {
  return ask.type === 'command' ? roughBytes(ask.command, 0) : 0;
}

/** Texts count as many bytes as units, everything else a word; cycles and the like are for the codec to refuse. */
function roughBytes(value: unknown, depth: number): number {
  if (typeof value === 'string') return value.length + 3;
  if (typeof value !== 'object' || value === null || depth > 64) return 8;
  if (value instanceof Uint8Array) return value.length + 5;
  let bytes = 8;
  for (const part of Array.isArray(value) ? value : Object.values(value)) {
    bytes += roughBytes(part, depth + 1);
  }
  return bytes;
}
