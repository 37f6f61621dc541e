/** The two that are compared: how their members are started, and where their load generators are. */
import { execFileSync, spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { HOUSE } from '../../mutants/house.ts';
import { freePorts } from '../../node/free-ports.ts';
import type { Contestant } from './cluster.ts';
import { type Command, MemberProcess } from './processes.ts';

const IDS = [1, 2, 3];
/** More serve it no better. */
const ETCD_CONNECTIONS = 16;
const GO_PACKAGES = '/usr/share/gocode';
export const APT = 'apt-get install -y etcd-server golang-go golang-etcd-server-dev';

/** The command that a user starts, as deploy/ starts it (a nursery of 4 MB), with default durability. `profile`: a folder for CPU profiles, or null. */
export function ours(profile: string | null): Contestant {
  const node = (...args: string[]): Command => ({
    file: process.execPath,
    args: profile === null ? args : ['--cpu-prof', `--cpu-prof-dir=${profile}`, ...args],
  });
  return {
    name: 'ours',
    load: node(fileURLToPath(new URL('./seedraft-load.js', import.meta.url))),
    connections: () => 1,
    async members(folder, electionTimeoutMs) {
      const first = await freePorts(2 * IDS.length);
      const peer = (id: number): string => `127.0.0.1:${first + 2 * id - 2}`;
      const client = (id: number): string => `127.0.0.1:${first + 2 * id - 1}`;
      const all = IDS.map((id) => `${id}=${peer(id)}/${client(id)}`).join(',');
      return IDS.map((id) => {
        const home = path.join(folder, `n${id}`);
        const command = node(
          '--max-semi-space-size=4',
          path.join(HOUSE, 'packages/seedraft/bin/seedraft.js'),
          ...['serve', '--bootstrap', '--cluster', 'bench', '--id', `${id}`, '--members', all],
          ...['--peer-listen', peer(id), '--client-listen', client(id), '--http-listen', 'off'],
          ...['--election-timeout', `${electionTimeoutMs}ms`],
          ...['--heartbeat-interval', `${electionTimeoutMs / 10}ms`],
          ...['--data', path.join(home, 'data'), '--log-level', 'warn'],
        );
        return new MemberProcess(client(id), command, home);
      });
    },
  };
}

/** Null: it is not installed. Builds the load generator from Debian's own packages, without a network; the first time takes half a minute. */
export function etcd(say: (line: string) => void): Contestant | null {
  if (etcdVersion() === null || !isThere('go', 'version')) return null;
  const load = fileURLToPath(new URL('./etcd-load', import.meta.url));
  say('building the load generator for etcd');
  execFileSync('go', ['build', '-o', load, '.'], {
    cwd: path.join(HOUSE, 'test/bench/node/etcd-load'),
    env: { ...process.env, GOPATH: GO_PACKAGES, GO111MODULE: 'off', GOFLAGS: '' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return {
    name: 'etcd',
    load: { file: load, args: [] },
    connections: (clients) => Math.min(clients, ETCD_CONNECTIONS),
    async members(folder, electionTimeoutMs) {
      const first = await freePorts(2 * IDS.length);
      const peer = (id: number): string => `http://127.0.0.1:${first + 2 * id - 2}`;
      const client = (id: number): string => `http://127.0.0.1:${first + 2 * id - 1}`;
      const all = IDS.map((id) => `n${id}=${peer(id)}`).join(',');
      return IDS.map((id) => {
        const home = path.join(folder, `n${id}`);
        const args = [
          ...['--name', `n${id}`, '--data-dir', path.join(home, 'data')],
          ...['--listen-peer-urls', peer(id), '--initial-advertise-peer-urls', peer(id)],
          ...['--listen-client-urls', client(id), '--advertise-client-urls', client(id)],
          ...['--initial-cluster', all, '--initial-cluster-state', 'new'],
          ...['--election-timeout', `${electionTimeoutMs}`],
          ...['--heartbeat-interval', `${electionTimeoutMs / 10}`],
          // It keeps every revision: with the default of 2 GB a long measurement would end in NOSPACE.
          ...['--quota-backend-bytes', `${8 * 2 ** 30}`, '--log-level', 'error'],
        ];
        const address = client(id).slice('http://'.length);
        return new MemberProcess(address, { file: 'etcd', args }, home);
      });
    },
  };
}

/** The first line of what it says; null: it is not installed. */
export function etcdVersion(): string | null {
  const { status, stdout } = spawnSync('etcd', ['--version'], { encoding: 'utf8' });
  return status === 0 ? (stdout.split('\n')[0] ?? '').replace(' Version:', '') : null;
}

function isThere(command: string, ...args: string[]): boolean {
  return spawnSync(command, args).status === 0;
}
