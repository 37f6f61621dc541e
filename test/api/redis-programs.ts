/** Redis's own programs: its command line, its benchmark, a server to compare with. A machine without them skips, and says what to install. */
import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { freePort } from '../node/free-ports.ts';
import { RedisPeer } from './redis-peer.ts';

const INSTALL = 'apt-get install -y redis-tools redis-server';

/**
 * Whether to skip what needs this program, visibly. Throws instead where SEEDRAFT_REQUIRE names `redis`: there nothing may go unproved.
 */
export function isMissing(program: string): boolean {
  if (spawnSync(program, ['--version']).status === 0) return false;
  const isRequired = (process.env.SEEDRAFT_REQUIRE ?? '').split(',').includes('redis');
  if (isRequired) throw new Error(`${program} is not here: ${INSTALL}`);
  console.warn(`skipped: ${program} is not here (${INSTALL})`);
  return true;
}

/** Its output; rejects when it fails or takes too long. */
export function run(program: string, args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { timeout: 25_000 }, (error, stdout, stderr) => {
      if (error === null) resolve(`${stdout}${stderr}`);
      else reject(new Error(`${program} ${args.join(' ')}: ${error.message} ${stdout} ${stderr}`));
    });
    child.stdin!.end(input);
  });
}

export interface RedisServerProcess {
  readonly port: number;
  stop(): Promise<void>;
}

/** On a free port of this machine; it keeps nothing. */
export async function startRedisServer(): Promise<RedisServerProcess> {
  const port = await freePort();
  const settings = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', '/tmp'];
  const child = spawn('redis-server', ['--port', String(port), ...settings], { stdio: 'pipe' });
  const exited = once(child, 'exit');
  for await (const line of child.stdout) {
    if (String(line).includes('Ready to accept connections')) break;
  }
  child.stdout.resume();
  const stop = async (): Promise<void> => {
    child.kill();
    await exited;
  };
  const peer = await RedisPeer.connect({ port });
  peer.end();
  return { port, stop };
}
