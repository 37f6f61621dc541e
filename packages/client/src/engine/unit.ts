/**
 * A unit: one request and all its submissions. Mostly one call's; several small commands may share one, and some are the client's own.
 *
 * Kept, and all of exactly-once hangs on it: while an earlier submission of a write may still take effect (`doubt`), the unit keeps its
 * session, its sequence and its very commands. Without doubt nothing sent so far will ever take effect; then, and only then, commands whose
 * calls were settled meanwhile are left out, for their callers were told that nothing happened.
 */
import type { ClientRequest } from '@seedraft/replica';
import type { NodeRequest } from '@seedraft/wire';
import type { Call } from './call.ts';
import type { Connection } from './connection.ts';
import type { Session } from './session.ts';

export type UnitKind =
  | 'write'
  | 'query'
  | 'admin'
  | 'status'
  | 'watch'
  // The client's own:
  | 'open session'
  | 'keep alive'
  | 'close session'
  | 'probe';

export class Unit {
  readonly kind: UnitKind;
  calls: readonly Call[];
  /** Of a write: under which it is sent; null outside a session, or when none was chosen yet. */
  session: Session | null = null;
  sequence = 0;
  /** An earlier submission may yet take effect. Never cleared: only an Ok under the same sequence tells. */
  doubt = false;
  /** Where it is in flight. */
  connection: Connection | null = null;
  /** Which of the client's attempts at the leader it was submitted in: what one attempt suffers counts once. */
  epoch = 0;
  /** A watch: the first event came, and gave the credit back. */
  isWatching = false;
  /** A lease read that met no lease: it asks for a read index from now on. */
  isDowngraded = false;
  /** The commands as last sent. */
  #commands: readonly unknown[] | null = null;

  constructor(kind: UnitKind, calls: readonly Call[]) {
    this.kind = kind;
    this.calls = calls;
    for (const call of calls) call.unit = this;
  }

  /** Somebody waits for it. */
  get isWanted(): boolean {
    for (const call of this.calls) if (call.open) return true;
    return false;
  }

  /** Any member may answer it, whoever leads. */
  get isLocal(): boolean {
    const ask = this.calls[0]?.ask;
    return (
      ask !== undefined &&
      (ask.type === 'watch' ||
        ask.type === 'status' ||
        (ask.type === 'query' && ask.mode === 'stale'))
    );
  }

  /** The one member that shall answer it; null: no matter which, or the leader. */
  get address(): string | null {
    const ask = this.calls[0]?.ask;
    return ask?.type === 'status' || ask?.type === 'admin' ? ask.address : null;
  }

  /** May be sent again though an earlier submission may have been carried out. */
  get isRepeatable(): boolean {
    if (this.kind === 'write') return this.session !== null;
    if (this.kind === 'query' || this.kind === 'open session') return true;
    const ask = this.calls[0]?.ask;
    if (ask?.type === 'admin') {
      return ask.request.type === 'Snapshot' || ask.request.type === 'Entries';
    }
    return ask?.type === 'status';
  }

  request(): ClientRequest | NodeRequest {
    switch (this.kind) {
      case 'write':
      case 'keep alive':
        return this.#write();
      case 'open session':
        return { type: 'OpenSession', timeout: this.session!.timeout };
      case 'close session':
        return { type: 'CloseSession', sessionId: this.session!.id };
      case 'probe':
        return { type: 'Status' };
      default:
        return this.#ofCall();
    }
  }

  #ofCall(): ClientRequest | NodeRequest {
    const { ask } = this.calls[0]!;
    switch (ask.type) {
      case 'query': {
        const mode = this.isDowngraded ? 'linearizable' : ask.mode;
        return { type: 'Query', mode, query: ask.query };
      }
      case 'admin':
        return ask.request;
      case 'watch':
        return { type: 'Watch', query: ask.query };
      default:
        return { type: 'Status' };
    }
  }

  #write(): ClientRequest {
    const session = this.session;
    const sessionId = session?.id ?? 0;
    const { sequence } = this;
    const firstIncomplete = session?.firstIncomplete ?? 0;
    if (!this.doubt) this.calls = this.calls.filter((call) => call.open);
    const ask = this.calls[0]?.ask;
    if (this.calls.length === 1 && ask?.type === 'command') {
      const { command } = ask;
      return { type: 'Command', sessionId, sequence, firstIncomplete, command };
    }
    if (!this.doubt || this.#commands === null) this.#commands = commandsOf(this.calls);
    const commands = this.#commands;
    return { type: 'Batch', sessionId, sequence, firstIncomplete, commands };
  }
}

/** Nothing at all is a batch too: it keeps a session alive. */
function commandsOf(calls: readonly Call[]): readonly unknown[] {
  const first = calls[0]?.ask;
  if (first?.type === 'batch') return first.commands;
  return calls.map(({ ask }) => (ask.type === 'command' ? ask.command : null));
}
