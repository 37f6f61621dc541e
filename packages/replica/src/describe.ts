/** Command entries as people read them: for looking into a log, never for deciding anything. */
import type { Entry } from '@seedraft/core';
import { BATCH, CLOSE_SESSION, COMMAND, decodeEnvelope, OPEN_SESSION, TICK } from './envelope.ts';

/** What a command entry bears, as plain values. */
export interface DescribedCommand {
  readonly kind: 'open session' | 'close session' | 'command' | 'batch' | 'tick';
  /** Cluster time, ms. */
  readonly time: number;
  /** 0: outside a session. */
  readonly sessionId: number;
  readonly sequence: number;
  readonly body: unknown;
}

const KINDS = {
  [OPEN_SESSION]: 'open session',
  [CLOSE_SESSION]: 'close session',
  [COMMAND]: 'command',
  [BATCH]: 'batch',
  [TICK]: 'tick',
} as const;

/** Null: no command entry. Throws when its bytes are not the ones that were proposed, or of a newer format. */
export function describeCommand(entry: Entry): DescribedCommand | null {
  if (entry.kind !== 'command') return null;
  const { kind, time, sessionId, sequence, body } = decodeEnvelope(entry);
  return { kind: KINDS[kind], time, sessionId, sequence, body };
}
