/** The protocols that `--api` can name, with who speaks them on the clients' side. */
import { PROTOCOLS, type ProtocolName } from '@seedraft/api/protocols';
import type { OpenStore } from './store.ts';
import { openDistraft } from './stores/distraft.ts';
import { openNative } from './stores/native.ts';
import { openRaftify } from './stores/raftify.ts';
import { openRaftnode } from './stores/raftnode.ts';
import { openRedis } from './stores/redis.ts';
import { openUring } from './stores/uring.ts';

export type ChaosApi = 'native' | ProtocolName;

export const STORES: Readonly<Record<ChaosApi, OpenStore>> = {
  native: openNative,
  raftnode: openRaftnode,
  distraft: openDistraft,
  uring: openUring,
  raftify: openRaftify,
  redis: openRedis,
};

export const CHAOS_APIS = ['native', ...Object.keys(PROTOCOLS)] as readonly ChaosApi[];

/** Each protocol has shared keys of its own: what one of them does wrong is seen where its name stands. */
export function sharedKey(api: ChaosApi, at: number): string {
  return api === 'native' ? `k${at}` : `${api}/k${at}`;
}
