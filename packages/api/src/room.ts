/**
 * Waiting until a client takes what it asked for: while too much of it waits, its next request waits too. Whoever takes nothing at all for `stall` ms is cut off,
 * whatever it sends meanwhile; whoever takes slowly is not. (A socket's own timeout would be put off by every byte that comes.)
 */
import type { Socket } from 'node:net';
import type { ApiLimits } from './limits.ts';

/** Resolves when all of it was taken, or the connection is gone; the socket is paused then. At once when not too much waits. */
export async function untilTaken(
  socket: Socket,
  { stall, maxBacklogBytes }: Pick<ApiLimits, 'stall' | 'maxBacklogBytes'>,
): Promise<void> {
  if (socket.writableLength <= maxBacklogBytes || !socket.writableNeedDrain) return;
  if (socket.destroyed) return;
  socket.pause();
  socket.setTimeout(0);
  let left = untaken(socket);
  let takenAt = performance.now();
  const looking = setInterval(() => {
    const now = untaken(socket);
    if (now !== left) takenAt = performance.now();
    else if (performance.now() - takenAt >= stall) socket.destroy();
    left = now;
  }, stall / 4);
  await new Promise<void>((resolve) => {
    const go = (): void => {
      clearInterval(looking);
      socket.off('drain', go).off('close', go);
      resolve();
    };
    socket.on('drain', go).on('close', go);
  });
}

/** Bytes. `writableLength` counts a write until all of it is gone; what is left of the one under way only the handle below knows. */
function untaken(socket: Socket): number {
  const { _handle: handle } = socket as { _handle?: { readonly writeQueueSize?: number } | null };
  return handle?.writeQueueSize ?? socket.writableLength;
}
