/**
 * What a client sends ahead on one connection is worked on one request after the other, each when the answer before it was taken: answers that nobody takes
 * must not pile up. Kept: turns are given in the order of the requests; how many wait is bounded, beyond that the connection is not read.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Requests of one connection that may wait before it is left unread. */
const MOST_WAITING = 64;

interface Queue {
  /** Resolves when the request that came last is done with. */
  last: Promise<void>;
  waiting: number;
}

export class HttpTurns {
  readonly #queues = new WeakMap<Socket, Queue>();

  /** Carries out `work`, which answers the request, when it is its turn; not at all if its connection is gone by then. */
  async take(
    { socket }: IncomingMessage,
    response: ServerResponse,
    work: () => Promise<void>,
  ): Promise<void> {
    const queue = this.#queueOf(socket);
    const before = queue.last;
    let isOver = (): void => {};
    queue.last = new Promise((resolve) => {
      isOver = resolve;
    });
    queue.waiting += 1;
    if (queue.waiting === MOST_WAITING) socket.pause();
    await before;
    queue.waiting -= 1;
    if (socket.isPaused() && queue.waiting < MOST_WAITING / 2) socket.resume();
    if (socket.destroyed) isOver();
    else {
      response.once('close', isOver);
      await work();
    }
  }

  #queueOf(socket: Socket): Queue {
    let queue = this.#queues.get(socket);
    if (queue === undefined) {
      queue = { last: Promise.resolve(), waiting: 0 };
      this.#queues.set(socket, queue);
    }
    return queue;
  }
}
