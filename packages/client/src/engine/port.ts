/**
 * What the engine needs of the world: connections that carry bytes. No call may enter the engine before it has returned; what happens on a
 * connection is reported through the engine's doors (`opened`, `received`, `closed`).
 */
export interface Port {
  /** Begin a connection, known by this number from now on, that never comes again. */
  dial(connection: number, address: string): void;
  /** In order, or not at all. */
  send(connection: number, bytes: Uint8Array): void;
  /** End it, after what was sent; nothing that is reported of it afterwards counts. */
  hangUp(connection: number): void;
}
