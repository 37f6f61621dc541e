/**
 * A cluster of processes to be measured and killed, here and in tests: node-member.js once for each member, over directories under one temporary root. Whatever happens, at the end
 * of this process none of them is left, nor their directories.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { ProtocolName } from '@seedraft/api';
import { HOUSE } from '../mutants/house.ts';
import { freePort } from '../node/free-ports.ts';
import type { MemberFigures, MemberOptions } from './node-member.ts';

const PROGRAM = path.join(HOUSE, 'test/dist/soak/node-member.js');
const HOST = '127.0.0.1';
const LOOK_MS = 50;

export interface ClusterOptions {
  readonly size: number;
  /** Of every member, besides who and where it is. */
  readonly options?: Partial<MemberOptions>;
  /** Other systems' protocols that every member speaks. */
  readonly protocols?: readonly ProtocolName[];
  /** The address that the others are told, given the port that member `id` listens on. */
  readonly advertise?: (id: number, port: number) => Promise<string>;
}

export class Cluster {
  readonly members: Member[] = [];
  readonly #root = mkdtempSync(path.join(tmpdir(), 'seedraft-soak-'));
  /** At once, and whatever became of them: none is left, nor their directories. May be called again. */
  readonly end = (): void => {
    for (const member of this.members) member.kill();
    rmSync(this.#root, { recursive: true, force: true });
    process.off('exit', this.end);
  };

  private constructor() {
    process.once('exit', this.end);
  }

  /** Resolves when all run and one leads. */
  static async start({ size, options = {}, protocols = [], advertise }: ClusterOptions) {
    const cluster = new Cluster();
    const places = [];
    for (let id = 1; id <= size; id++) {
      const [peer, client] = [await freePort(), await freePort()];
      const advertised = advertise === undefined ? `${HOST}:${peer}` : await advertise(id, peer);
      places.push({ id, peer, client, advertised });
    }
    const first = places.map(({ id, client, advertised }) => ({
      id,
      name: `n${id}`,
      peerAddress: advertised,
      clientAddress: `${HOST}:${client}`,
    }));
    for (const { id, peer, client, advertised } of places) {
      const directory = path.join(cluster.#root, `n${id}`);
      const start = { how: 'bootstrap', clusterId: 'soak', id, members: first } as const;
      const apis: Partial<Record<ProtocolName, number>> = {};
      for (const protocol of protocols) apis[protocol] = await freePort();
      const own: MemberOptions = {
        ...options,
        apis,
        directory,
        peerListen: { host: HOST, port: peer },
        clientListen: { host: HOST, port: client },
        advertise: { peer: advertised },
        start,
      };
      cluster.members.push(new Member(id, own));
    }
    await Promise.all(cluster.members.map((member) => member.start()));
    await cluster.leader();
    return cluster;
  }

  get endpoints(): string[] {
    return this.members.map(({ clientAddress }) => clientAddress);
  }

  async leader(): Promise<Member> {
    let found: Member | undefined;
    await until('somebody leads', async () => {
      const running = this.members.filter(({ isRunning }) => isRunning);
      const roles = await Promise.all(running.map((one) => one.figures()));
      found = running[roles.findIndex(({ status }) => status.role === 'leader')];
      return found !== undefined;
    });
    return found!;
  }

  /** Resolves with what all have in common: how far they applied, and the digest of what they hold. */
  async agreement(): Promise<string> {
    let seen: string[] = [];
    await until('all members hold one state', async () => {
      const figures = await Promise.all(this.members.map((one) => one.figures()));
      seen = figures.map(({ status }) => `${status.appliedIndex} ${status.stateDigest}`);
      return new Set(seen).size === 1;
    });
    return seen[0]!;
  }

  /** In order. Rejects when a member did not end as it should. */
  async stop(): Promise<void> {
    await Promise.all(this.members.map((member) => member.stop()));
    this.end();
  }
}

export class Member {
  readonly id: number;
  readonly options: MemberOptions;
  #child: ChildProcess | null = null;
  /** What it wrote that is no part of its work. */
  #errors = '';
  /** In order of asking, which is that of the answers. */
  readonly #asked: {
    resolve(figures: MemberFigures): void;
    reject(error: Error): void;
  }[] = [];

  constructor(id: number, options: MemberOptions) {
    this.id = id;
    this.options = options;
  }

  get directory(): string {
    return this.options.directory;
  }

  get peerAddress(): string {
    return `${HOST}:${this.options.peerListen!.port}`;
  }

  get clientAddress(): string {
    return `${HOST}:${this.options.clientListen!.port}`;
  }

  /** Where it speaks this protocol. */
  port(protocol: ProtocolName): number {
    return this.options.apis![protocol]!;
  }

  get isRunning(): boolean {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async start(): Promise<void> {
    const child = spawn(process.execPath, [PROGRAM, JSON.stringify(this.options)], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#child = child;
    child.stderr!.on('data', (chunk) => {
      this.#errors += String(chunk);
    });
    child.on('message', (figures) => this.#asked.shift()?.resolve(figures as MemberFigures));
    child.on('exit', () => {
      for (const { reject } of this.#asked.splice(0)) reject(new Error(this.#gone()));
    });
    for await (const line of createInterface({ input: child.stdout! })) {
      if (line === 'running') return;
    }
    throw new Error(`member ${this.id} does not run: ${this.#errors}`);
  }

  figures(): Promise<MemberFigures> {
    const child = this.#child;
    if (child === null || !this.isRunning) return Promise.reject(new Error(this.#gone()));
    return new Promise((resolve, reject) => {
      this.#asked.push({ resolve, reject });
      child.send('figures');
    });
  }

  /** SIGTERM; rejects when it ends with anything but a clean exit, or has something to say about it. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    if (this.isRunning) {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
    }
    this.#child = null;
    if (child.exitCode !== 0 || this.#errors !== '') throw new Error(this.#gone());
  }

  kill(): void {
    this.#child?.kill('SIGKILL');
  }

  /** And is gone. */
  async killed(): Promise<void> {
    const exited = once(this.#child!, 'exit');
    this.kill();
    await exited;
    this.#child = null;
  }

  #gone(): string {
    return `member ${this.id} ended by itself, or had something to say: ${this.#errors}`;
  }
}

/** Looks again and again; within two minutes, or it throws. */
export async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  const began = performance.now();
  while (!(await holds())) {
    if (performance.now() - began > 120_000) throw new Error(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
