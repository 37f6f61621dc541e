/**
 * One port for members, our own clients and one other protocol, as the systems have it whose launchers we stand in for: told apart by the first bytes
 * a connection brings. Whatever is none of ours goes to the other protocol, which answers in its own form also what it cannot read.
 */
import type { Socket } from 'node:net';
import type { ApiLimits } from './limits.ts';
import type { Dialect } from './listener.ts';

/** Of our own frames (wire's frame.ts): the first byte, and the kind, below 16 between members. No other protocol begins with `]`. */
const MAGIC = 0x5d;
const KIND_AT = 2;
const FIRST_CLIENT_KIND = 16;

/** A connection in our own frames. */
export type NativeAccept = (from: 'peer' | 'client', socket: Socket) => void;

export function sniffing(
  accept: NativeAccept,
  dialect: Dialect,
  { firstRequest }: Pick<ApiLimits, 'firstRequest'>,
): Dialect {
  const undecided = new Set<Socket>();
  const endUndecided = (): void => {
    for (const socket of undecided) socket.destroy();
  };
  const onSilence = function (this: Socket): void {
    this.destroy();
  };
  return {
    accept(socket): void {
      undecided.add(socket);
      const onGone = (): void => {
        undecided.delete(socket);
        socket.destroy();
      };
      socket.setTimeout(firstRequest, onSilence);
      // Whoever ends without a word wants nothing.
      socket.once('end', onGone).once('close', onGone);
      untilKnown(socket, Buffer.alloc(0), (first) => {
        undecided.delete(socket);
        socket.setTimeout(0, onSilence);
        socket.off('timeout', onSilence).off('end', onGone).off('close', onGone);
        if (first[0] !== MAGIC) dialect.accept(socket);
        else {
          // Our own connections end when either side ends.
          socket.allowHalfOpen = false;
          accept(first[KIND_AT]! < FIRST_CLIENT_KIND ? 'peer' : 'client', socket);
        }
      });
    },
    async drain(): Promise<void> {
      endUndecided();
      await dialect.drain();
    },
    close(): void {
      endUndecided();
      dialect.close();
    },
  };
}

/** Until enough has come to tell: one byte, of our own frames three. */
function untilKnown(socket: Socket, before: Buffer, onKnown: (first: Buffer) => void): void {
  socket.once('data', (piece: Buffer) => {
    const first = before.length === 0 ? piece : Buffer.concat([before, piece]);
    if (first[0] === MAGIC && first.length <= KIND_AT) {
      untilKnown(socket, first, onKnown);
      return;
    }
    // It flows on, but not before whoever takes it over listens.
    socket.pause();
    socket.unshift(first);
    onKnown(first);
    process.nextTick(() => socket.resume());
  });
}
