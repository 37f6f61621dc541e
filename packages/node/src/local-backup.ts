/**
 * One backup for whoever runs this member, as backup-stream.ts gives one to a client: the state is frozen at an index, then its bytes are taken a
 * chunk a turn, at the taker's pace. Kept: however it ends, the machine is told that nobody reads on.
 */
import { setImmediate as aTurn } from 'node:timers/promises';
import type { BackupHeader, Capture } from '@seedraft/replica';

export type LocalBackup =
  | {
      readonly ok: true;
      readonly about: BackupHeader;
      /** To be read once; throws what the machine throws. */
      readonly chunks: AsyncIterable<Uint8Array>;
      /** Nobody reads on: until then, or the end of `chunks`, the machine holds the state as it was. May be called again. */
      close(): void;
    }
  | { readonly ok: false; readonly code: string; readonly sentence: string };

export function localBackup(
  from: Pick<BackupHeader, 'clusterId' | 'member' | 'version'>,
  capture: Capture,
  onEnd: () => void,
): LocalBackup {
  let isOpen = true;
  const close = (): void => {
    if (!isOpen) return;
    isOpen = false;
    capture.release();
    onEnd();
  };
  async function* chunks(): AsyncGenerator<Uint8Array, void> {
    try {
      while (isOpen) {
        const chunk = capture.next();
        if (chunk === null) return;
        yield chunk;
        // However fast the taker is, the member comes first.
        await aTurn();
      }
      throw new Error('the backup was closed before its end');
    } finally {
      close();
    }
  }
  return { ok: true, about: { ...from, ...capture.about }, chunks: chunks(), close };
}
