/**
 * What a log comes to, the slow way: every entry from the first on, decoded by hand, sessions as plain lists, no snapshot, no cleverness.
 * The twin of packages/replica/src/{state,sessions}.ts.
 */
import { decodeOrThrow } from '@seedraft/codec';
import type { Entry } from '@seedraft/core';

interface Session {
  readonly id: number;
  readonly timeout: number;
  lastActive: number;
  firstIncomplete: number;
  results: { sequence: number; value: unknown }[];
}

export class ObviousModel {
  totals: Record<string, number> = {};
  sessions: Session[] = [];
  time = 0;
  /** What each entry answered: a value, or the code of a refusal. */
  readonly answers: unknown[] = [];
  /** How often each (session, sequence) ran. */
  readonly runs: Record<string, number> = {};

  constructor(entries: readonly Entry[]) {
    for (const entry of entries) {
      this.answers[entry.index] = entry.kind === 'command' ? this.#carryOut(entry) : null;
    }
  }

  #carryOut(entry: Entry): unknown {
    const tuple = decodeOrThrow(entry.data) as [
      number,
      number,
      number,
      number,
      number,
      number,
      unknown,
    ];
    const [, kind, stamp, sessionId, sequence, firstIncomplete, body] = tuple;
    this.time = Math.max(this.time, stamp);
    this.sessions = this.sessions.filter((s) => s.lastActive + s.timeout > this.time);
    if (kind === 5) return null;
    if (kind === 1) {
      this.sessions.push({
        id: entry.index,
        timeout: body as number,
        lastActive: this.time,
        firstIncomplete: 1,
        results: [],
      });
      return entry.index;
    }
    const session = this.sessions.find((s) => s.id === sessionId);
    if (kind === 2) {
      this.sessions = this.sessions.filter((s) => s !== session);
      return session === undefined ? 'SESSION_EXPIRED' : null;
    }
    if (sessionId === 0) return this.#run(kind, body);
    if (session === undefined) return 'SESSION_EXPIRED';
    session.lastActive = this.time;
    session.firstIncomplete = Math.max(session.firstIncomplete, firstIncomplete);
    session.results = session.results.filter((r) => r.sequence >= session.firstIncomplete);
    if (sequence < session.firstIncomplete) return 'STALE_SEQUENCE';
    const known = session.results.find((r) => r.sequence === sequence);
    if (known !== undefined) return known.value;
    const key = `${sessionId}/${sequence}`;
    this.runs[key] = (this.runs[key] ?? 0) + 1;
    const value = this.#run(kind, body);
    session.results.push({ sequence, value });
    return value;
  }

  #run(kind: number, body: unknown): unknown {
    return kind === 4 ? (body as unknown[]).map((one) => this.#add(one)) : this.#add(body);
  }

  #add(command: unknown): number {
    const { add, to } = command as { add: number; to: string };
    this.totals[to] = (this.totals[to] ?? 0) + add;
    return this.totals[to];
  }
}
