/** Three real members, each of which speaks one protocol on a port of its own. */
import {
  type ApiOptions,
  MemberDoor,
  type OpenedApi,
  openApi,
  type ProtocolName,
  type TestingControls,
} from '@seedraft/api';
import type { RunningNode } from '@seedraft/node';
import { NodeCluster } from '../node/cluster.ts';

const RAFT = {
  electionTimeoutMin: 200,
  electionTimeoutMax: 400,
  heartbeatInterval: 40,
  forwardProposals: true,
};

export interface ApiMember {
  readonly id: number;
  readonly node: RunningNode;
  readonly door: MemberDoor;
  readonly api: OpenedApi;
  readonly host: string;
  readonly port: number;
}

type ClusterOptions = Pick<ApiOptions, 'limits' | 'answers' | 'access'> & {
  readonly testing?: (node: RunningNode) => TestingControls;
  readonly raft?: Partial<typeof RAFT>;
};

export class ApiCluster {
  readonly nodes: NodeCluster;
  readonly members: ApiMember[] = [];

  private constructor(nodes: NodeCluster) {
    this.nodes = nodes;
  }

  static async start(
    protocol: ProtocolName,
    count = 3,
    { testing, raft, ...options }: ClusterOptions = {},
  ): Promise<ApiCluster> {
    const cluster = new ApiCluster(await NodeCluster.start(count, { raft: { ...RAFT, ...raft } }));
    for (const node of cluster.nodes.running()) {
      const door = new MemberDoor(node, {
        askLeader: async (request) => (await cluster.nodes.leader()).request(request),
      });
      const listen = { host: '127.0.0.1', port: 0 };
      const api = await openApi({
        protocol,
        listen,
        door,
        ...options,
        ...(testing && { testing: testing(node) }),
      });
      const [host, port] = api.address.split(':') as [string, string];
      cluster.members.push({ id: node.id, node, door, api, host, port: Number(port) });
    }
    await cluster.nodes.leader();
    for (const { door } of cluster.members) await cluster.announced(protocol, door);
    return cluster;
  }

  /** One more port of a member's, over its door. */
  also(
    member: ApiMember,
    protocol: ProtocolName,
    options: Partial<ApiOptions>,
  ): Promise<OpenedApi> {
    const { door } = member;
    return openApi({ protocol, listen: { host: '127.0.0.1', port: 0 }, door, ...options });
  }

  /** Until this member knows where all of them speak it. */
  async announced(protocol: ProtocolName, door: MemberDoor): Promise<void> {
    const query = ['scan', '$api', `${protocol}/`, 100, null];
    await this.nodes.until('all addresses', async () => {
      const reply = await door.ask({ type: 'Query', mode: 'stale', query });
      const items = reply.type === 'Ok' ? (reply.value as { items: unknown[] }).items : [];
      return items.length >= this.members.length;
    });
  }

  async leader(): Promise<ApiMember> {
    const { id } = await this.nodes.leader();
    return this.members.find((member) => member.id === id)!;
  }

  /** One that follows, and knows whom. */
  async follower(): Promise<ApiMember> {
    const leader = await this.leader();
    return this.nodes.until('a follower', () =>
      this.members.find(({ id, node }) => id !== leader.id && node.status().leader === leader.id),
    );
  }

  /** Members stop until those left are no majority, and the one given back knows no leader. */
  async withoutLeader(): Promise<ApiMember> {
    const last = await this.follower();
    const others = this.members.filter((member) => member !== last);
    await Promise.all(others.map(({ node }) => node.stop()));
    await this.nodes.until('no leader', () => last.node.status().leader === 0);
    return last;
  }

  async stop(): Promise<void> {
    await Promise.all(this.members.map(({ api }) => api.stop()));
    await this.nodes.stop();
  }
}
