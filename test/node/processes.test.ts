/**
 * Three real processes over real directories, killed with SIGKILL again and again under load, restarted from their disks: what the clients saw is
 * linearizable, nothing acknowledged is lost, and all members end in one state.
 */
import { checkHistory, type HistoryEvent, kv } from '@seedraft/check';
import { get, put } from '@seedraft/kv';
import type { ClientReply } from '@seedraft/replica';
import type { MemberStatus, RequestFrame } from '@seedraft/wire';
import { afterAll, expect, test } from 'vitest';
import { Cluster } from '../soak/cluster.ts';
import { command } from './cluster.ts';
import { RawClient } from './raw.ts';

let cluster: Cluster | null = null;
afterAll(() => cluster?.end());

/** Null: nobody can say what became of it. */
async function ask(id: number, request: RequestFrame['request']): Promise<ClientReply | null> {
  const client = new RawClient(cluster!.members[id - 1]!.clientAddress);
  try {
    if ((await client.hello())?.type !== 'welcome') return null;
    client.ask(1, request);
    const message = await client.message();
    return message?.type === 'reply' ? message.reply : null;
  } finally {
    client.socket.destroy();
  }
}

class Workload {
  readonly history: HistoryEvent[] = [];
  isOver = false;
  acknowledged = 0;
  #processes = 0;
  #value = 0;
  #leader = 1;

  /** One client: puts and gets of a few keys, one after the other. */
  async run(key: string): Promise<void> {
    let process = ++this.#processes;
    for (let turn = 0; !this.isOver; turn++) {
      const value = ++this.#value;
      const isPut = turn % 3 !== 0;
      const [f, input] = isPut ? ['put', { key, value }] : ['get', { key }];
      const request = isPut
        ? command(put('', key, value))
        : ({ type: 'Query', mode: 'linearizable', query: get('', key) } as const);
      this.#note(process, 'invoke', f, input);
      const reply = await ask(this.#leader, request);
      if (reply?.type === 'Ok') {
        const found = reply.value as { status: string; item?: { value: unknown } };
        this.#note(process, 'ok', f, isPut ? null : (found.item?.value ?? null));
        if (isPut) this.acknowledged += 1;
      } else if (reply?.type === 'Refused') {
        this.#note(process, 'fail', f, null);
        this.#leader = reply.leader || (this.#leader % 3) + 1;
        await new Promise((resolve) => setTimeout(resolve, 20));
      } else {
        this.#note(process, 'info', f, null);
        process = ++this.#processes;
        this.#leader = (this.#leader % 3) + 1;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }

  #note(process: number, type: HistoryEvent['type'], f: string, value: unknown): void {
    this.history.push({ process, type, f, value, time: this.history.length });
  }
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`never: ${what}`);
}

test('killed at any moment, nothing acknowledged is lost', async () => {
  const options = {
    raft: { electionTimeoutMin: 250, electionTimeoutMax: 500, heartbeatInterval: 50 },
    snapshot: { everyEntries: 300, everyBytes: 1e9, keep: 10 },
  };
  cluster = await Cluster.start({ size: 3, options });
  const workload = new Workload();
  const clients = ['a', 'b', 'c', 'a', 'b'].map((key) => workload.run(key));
  for (let cycle = 0; cycle < 4; cycle++) {
    const goal = workload.acknowledged + 40;
    await until('writes go on', () => Promise.resolve(workload.acknowledged >= goal));
    const member = cluster.members[cycle % 3]!;
    await member.killed();
    if (cycle % 2 === 0) {
      const less = workload.acknowledged + 20;
      await until('writes without it', () => Promise.resolve(workload.acknowledged >= less));
    }
    await member.start();
  }
  workload.isOver = true;
  await Promise.all(clients);
  const statuses: MemberStatus[] = [];
  await until('one state', async () => {
    statuses.length = 0;
    for (const id of [1, 2, 3]) {
      const reply = await ask(id, { type: 'Status' });
      if (reply?.type === 'Ok') statuses.push(reply.value as MemberStatus);
    }
    const states = new Set(statuses.map((s) => `${s.appliedIndex} ${s.stateDigest}`));
    return statuses.length === 3 && states.size === 1;
  });
  const verdict = checkHistory(workload.history, kv());
  expect(verdict.verdict === 'ok' ? 'ok' : JSON.stringify(verdict).slice(0, 2000)).toBe('ok');
  expect(workload.acknowledged).toBeGreaterThan(150);
  // A polite end: SIGTERM stops each in good order.
  await cluster.stop();
}, 60_000);
