/**
 * One member as a process of its own: `seedraft serve` in a child, told by signals, heard by its output and by one message when it takes part.
 * Every end of the process is told, whoever caused it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../../bin/seedraft.js', import.meta.url));

/** What `serve` tells the process that started it, once it listens. */
export interface ReadyMessage {
  readonly type: 'ready';
  readonly id: number;
  readonly peerAddress: string;
  readonly clientAddress: string;
  readonly httpAddress: string;
  /** By protocol, `host:port`. */
  readonly apis: Readonly<Record<string, string>>;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ProcessMemberOptions {
  /** Flags of `serve`. */
  readonly flags: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly onLine: (line: string) => void;
  readonly onExit: (exit: Exit) => void;
}

/** As deploy/ starts members: what they keep lives long, what they hand on dies young. */
const SMALL_NURSERY = '--max-semi-space-size=4';

export class ProcessMember {
  readonly #child: ChildProcess;
  /** Resolves when it takes part; rejects when it ends before that, with its last lines. */
  readonly ready: Promise<ReadyMessage>;
  /** Resolves when the process is gone. */
  readonly exited: Promise<Exit>;
  readonly #lastLines: string[] = [];

  constructor({ flags, environment, onLine, onExit }: ProcessMemberOptions) {
    // A process group of its own: Ctrl-C in a terminal must reach only the parent, which then stops the members in order.
    this.#child = spawn(process.execPath, [SMALL_NURSERY, BIN, 'serve', ...flags], {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...process.env, ...environment },
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      createInterface({ input: stream! }).on('line', (line) => {
        if (this.#lastLines.push(line) > 20) this.#lastLines.shift();
        onLine(line);
      });
    }
    this.exited = new Promise((resolve) => {
      this.#child.once('error', () => resolve({ code: null, signal: null }));
      this.#child.once('close', (code, signal) => resolve({ code, signal }));
    });
    this.ready = new Promise((resolve, reject) => {
      this.#child.on('message', (message) => resolve(message as ReadyMessage));
      void this.exited.then((exit) => reject(new Error(this.#sentence(exit))));
    });
    // Whoever does not wait for readiness still hears of the exit.
    this.ready.catch(() => {});
    void this.exited.then(onExit);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  signal(name: NodeJS.Signals): void {
    if (this.isRunning) this.#child.kill(name);
  }

  /** SIGTERM, and SIGKILL when it is still there after `patience` ms. */
  async stop(patience: number): Promise<Exit> {
    this.signal('SIGCONT');
    this.signal('SIGTERM');
    const timer = setTimeout(() => this.signal('SIGKILL'), patience);
    try {
      return await this.exited;
    } finally {
      clearTimeout(timer);
    }
  }

  #sentence({ code, signal }: Exit): string {
    const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
    return [`A member ended ${how} before it took part. Its last lines:`, ...this.#lastLines].join(
      '\n  ',
    );
  }
}
