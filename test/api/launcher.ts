/** Launchers as people start them: real processes in a folder of their own, found by what they answer. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../../packages/seedraft/bin/seedraft.js', import.meta.url));

export class Launchers {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'seedraft-compat-'));
  readonly #processes = new Set<ChildProcess>();
  readonly lines: string[] = [];

  start(
    words: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): ChildProcess {
    const child = spawn(process.execPath, [BIN, 'compat', ...words], {
      cwd: this.folder,
      env: { ...process.env, NO_COLOR: '1', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => this.lines.push(line));
    }
    this.#processes.add(child);
    child.once('exit', () => this.#processes.delete(child));
    return child;
  }

  async end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
    const ended = once(child, 'exit');
    child.kill(signal);
    const [code] = await ended;
    return code as number | null;
  }

  /** What `look` gives once it gives something; what it throws is "not yet". */
  async until<T>(what: string, look: () => Promise<T | false>): Promise<T> {
    const began = performance.now();
    let last: unknown = null;
    while (performance.now() - began < 45_000) {
      try {
        const found = await look();
        if (found !== false) return found;
      } catch (thrown) {
        last = thrown;
      }
      await pause(50);
    }
    throw new Error(`${what}: never (${last})\n${this.lines.slice(-30).join('\n')}`);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#processes].map((child) => this.end(child, 'SIGKILL')));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** One JSON object to a port, and the one that comes back before it closes. */
export async function exchange(port: number, request: unknown): Promise<Record<string, unknown>> {
  const socket = connect(port, '127.0.0.1').setEncoding('utf8');
  socket.write(JSON.stringify(request));
  let whole = '';
  for await (const part of socket) whole += part;
  return JSON.parse(whole) as Record<string, unknown>;
}
