/** A door whose member is what the test says it is: for answers that no real cluster gives whenever it is asked to. */
import type { Door, DoorRequest } from '@seedraft/api';
import type { Member } from '@seedraft/core';
import type { ClientReply } from '@seedraft/replica';
import type { MemberStatus } from '@seedraft/wire';

export function member(id: number, incarnation: string, known: Partial<Member> = {}): Member {
  return {
    id,
    incarnation,
    name: `n${id}`,
    peerAddress: `127.0.0.1:${7000 + id}`,
    clientAddress: `127.0.0.1:${8000 + id}`,
    role: 'voter',
    priority: 0,
    ...known,
  };
}

export class DoorDouble implements Door {
  readonly asked: DoorRequest[] = [];
  /** Replies to everything. */
  reply: (request: DoorRequest) => ClientReply;
  members: readonly Member[];
  leader = 1;
  onLost: () => void = () => {};
  notifyRole: (role: MemberStatus['role']) => void = () => {};

  constructor(reply: (request: DoorRequest) => ClientReply, members: readonly Member[]) {
    this.reply = reply;
    this.members = members;
  }

  ask(request: DoorRequest): Promise<ClientReply> {
    this.asked.push(request);
    return Promise.resolve(this.reply(request));
  }

  watch(_query: unknown, _notify: unknown, onLost: () => void): () => void {
    this.onLost = onLost;
    return () => {};
  }

  onChange(notify: (role: MemberStatus['role']) => void): () => void {
    this.notifyRole = notify;
    return () => {};
  }

  /** Of member 1, in the cluster `here`. */
  status(): MemberStatus {
    const own = this.members.find(({ id }) => id === 1)!;
    return {
      clusterId: 'here',
      id: 1,
      name: own.name,
      incarnation: own.incarnation,
      version: '0.0.0',
      role: this.leader === 1 ? 'leader' : 'follower',
      term: 1,
      leader: this.leader,
      leaderAddress: '',
      commitIndex: 1,
      appliedIndex: 1,
      lastIndex: 1,
      lastTerm: 1,
      firstIndex: 1,
      snapshotIndex: 0,
      clusterTime: 0,
      stateDigest: '',
      stateBytes: 0,
      damaged: null,
      founding: '',
      configuration: { members: this.members, outgoing: null },
      progress: [],
      isElectable: true,
      electionTimeout: 1,
      electionElapsed: 0,
      uptime: 0,
    } as unknown as MemberStatus;
  }
}
