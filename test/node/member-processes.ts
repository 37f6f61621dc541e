/** A cluster of three real processes over real directories, for tests that kill them: each is test/soak/node-member.ts with its options. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { FirstMember } from '@seedraft/node';
import { freePort } from './cluster.ts';

const PROGRAM = fileURLToPath(new URL('../dist/soak/node-member.js', import.meta.url));

export class MemberProcesses {
  readonly #root = mkdtempSync(path.join(tmpdir(), 'seedraft-processes-'));
  readonly #members: readonly FirstMember[];
  readonly #children = new Map<number, ChildProcess>();

  private constructor(members: readonly FirstMember[]) {
    this.#members = members;
  }

  static async start(): Promise<MemberProcesses> {
    const members: FirstMember[] = [];
    for (const id of [1, 2, 3]) {
      const peerAddress = `127.0.0.1:${await freePort()}`;
      const clientAddress = `127.0.0.1:${await freePort()}`;
      members.push({ id, name: `n${id}`, peerAddress, clientAddress });
    }
    const cluster = new MemberProcesses(members);
    try {
      await Promise.all(members.map(({ id }) => cluster.boot(id)));
      return cluster;
    } catch (error) {
      cluster.remove();
      throw error;
    }
  }

  clientAddress(id: number): string {
    return this.#members[id - 1]!.clientAddress;
  }

  /** Starts it over its directory; resolves when it runs, throws with what it said when it does not. */
  async boot(id: number): Promise<void> {
    const { peerAddress, clientAddress } = this.#members[id - 1]!;
    const at = (address: string) => ({ host: '127.0.0.1', port: Number(address.split(':')[1]) });
    const options = {
      directory: path.join(this.#root, `n${id}`),
      peerListen: at(peerAddress),
      clientListen: at(clientAddress),
      start: { how: 'bootstrap', clusterId: 'killed', id, members: this.#members },
      raft: { electionTimeoutMin: 250, electionTimeoutMax: 500, heartbeatInterval: 50 },
      snapshot: { everyEntries: 300, everyBytes: 1e9, keep: 10 },
    };
    const child = spawn(process.execPath, [PROGRAM, JSON.stringify(options)]);
    this.#children.set(id, child);
    let said = '';
    child.stderr.on('data', (chunk) => {
      said += String(chunk);
    });
    for await (const line of createInterface({ input: child.stdout })) {
      if (line === 'running') return;
      said += line;
    }
    throw new Error(`member ${id} does not run: ${said}`);
  }

  /** SIGKILL, and its end. */
  async kill(id: number): Promise<void> {
    const child = this.#children.get(id)!;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  /** SIGTERM to all; their exit codes. */
  stop(): Promise<number[]> {
    return Promise.all(
      [...this.#children.values()].map(async (child) => {
        child.kill('SIGTERM');
        return (await once(child, 'exit'))[0] as number;
      }),
    );
  }

  /** Whatever still runs is killed, the directories are removed. */
  remove(): void {
    for (const child of this.#children.values()) child.kill('SIGKILL');
    rmSync(this.#root, { recursive: true, force: true });
  }
}
