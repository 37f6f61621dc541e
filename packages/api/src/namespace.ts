/**
 * Which namespace what lives in. Those that begin with a dollar are the protocols' own: clients may read them, and write them only by what they are for.
 */

/** Where keys live that come by a protocol without namespaces: in one place for all of them, so that one reads what another wrote. */
export const DEFAULT_NAMESPACE = 'default';
/** Where the members serve each protocol (directory.ts). */
export const DIRECTORY_NAMESPACE = '$api';
/** uring's ring. */
export const RING_NAMESPACE = '$uring';

export function isReserved(namespace: string): boolean {
  return namespace.startsWith('$');
}
