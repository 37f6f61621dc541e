/** Other systems' protocols, by name. Each is loaded when a port is opened for it: a member that speaks one, or none, starts without the others. */
import type { Protocol } from './protocol.ts';

export const PROTOCOLS = {
  raftnode: async () => (await import('./raftnode/index.ts')).raftnode,
  distraft: async () => (await import('./distraft/index.ts')).distraft,
  uring: async () => (await import('./uring/index.ts')).uring,
  raftify: async () => (await import('./raftify/index.ts')).raftify,
  redis: async () => (await import('./resp/index.ts')).redis,
} as const satisfies Readonly<Record<string, () => Promise<Protocol>>>;
export type ProtocolName = keyof typeof PROTOCOLS;
