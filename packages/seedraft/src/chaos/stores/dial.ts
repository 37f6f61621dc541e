/** One connection to a member. Whoever cannot be reached was told nothing, so that is a refusal; from the first byte on it is not. */
import { connect, type Socket } from 'node:net';
import { NotDone } from '../store.ts';

export function dial(endpoint: string, patience: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const [host, port] = endpoint.split(':') as [string, string];
    const socket = connect({ host, port: Number(port), noDelay: true });
    const refuse = (why: string): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(new NotDone('not applied', `${endpoint}: ${why}`));
    };
    const timer = setTimeout(() => refuse('nobody answers'), patience);
    const refused = (error: Error): void => refuse(error.message);
    socket.once('error', refused);
    socket.once('connect', () => {
      // Where nobody listens, the system may give the dialler that very port, and it reaches itself.
      if (socket.localPort === Number(port)) {
        refuse('nobody listens');
        return;
      }
      clearTimeout(timer);
      socket.off('error', refused);
      socket.on('error', () => {});
      resolve(socket);
    });
  });
}

/** Rejects, and ends the connection, when `answer` takes longer than `patience` ms. */
export async function within<T>(patience: number, socket: Socket, answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new NotDone('unknown', `no answer within ${patience} ms`, true));
      socket.destroy();
    }, patience);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
