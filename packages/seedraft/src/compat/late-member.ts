/** A member that may not be there yet, or be replaced by another, behind one door: a port can answer before, and after, there is a member to ask. */
import type { Socket } from 'node:net';
import type { DoorHost } from '@seedraft/api';
import { type RunningNode, VERSION } from '@seedraft/node';
import type { ClientReply, ClientRequest } from '@seedraft/replica';
import type { MemberStatus } from '@seedraft/wire';

export class LateMember implements DoorHost {
  readonly #unjoined: MemberStatus;
  readonly #changeListeners = new Set<(role: MemberStatus['role']) => void>();
  #node: RunningNode | null = null;

  /** `id`, `address`: what it says of itself until it is a member. */
  constructor(id: number, name: string) {
    this.#unjoined = unjoinedStatus(id, name);
  }

  get node(): RunningNode | null {
    return this.#node;
  }

  attach(node: RunningNode): void {
    this.#node = node;
    const tell = (role: MemberStatus['role']): void => {
      for (const notify of this.#changeListeners) notify(role);
    };
    node.onChange(tell);
    tell(node.status().role);
  }

  request(request: ClientRequest): Promise<ClientReply> {
    const nobody = { type: 'Refused', code: 'NOT_READY', leader: 0 } as const;
    return this.#node?.request(request) ?? Promise.resolve(nobody);
  }

  watch(...watch: Parameters<RunningNode['watch']>): (() => void) | null {
    return this.#node?.watch(...watch) ?? null;
  }

  status(): MemberStatus {
    return this.#node?.status() ?? this.#unjoined;
  }

  onChange(notify: (role: MemberStatus['role']) => void): () => void {
    this.#changeListeners.add(notify);
    return () => void this.#changeListeners.delete(notify);
  }

  readonly accept = (from: 'peer' | 'client', socket: Socket): void => {
    // Whoever comes too early comes again.
    if (this.#node === null) socket.destroy();
    else this.#node.accept(from, socket);
  };
}

/** Who it is, and nothing else: it is in no cluster, follows nobody and can be elected by nobody. */
function unjoinedStatus(id: number, name: string): MemberStatus {
  return {
    clusterId: '',
    id,
    name,
    incarnation: '',
    version: VERSION,
    role: 'follower',
    term: 0,
    leader: 0,
    leaderAddress: '',
    commitIndex: 0,
    appliedIndex: 0,
    lastIndex: 0,
    lastTerm: 0,
    firstIndex: 1,
    snapshotIndex: 0,
    clusterTime: 0,
    stateDigest: '0000000000000000',
    stateBytes: 0,
    damaged: null,
    founding: null,
    configuration: { members: [], outgoing: null, highestId: 0, autoLeave: false },
    progress: [],
    isElectable: false,
    electionTimeout: 0,
    electionElapsed: 0,
    uptime: 0,
  };
}
