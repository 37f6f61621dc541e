/** An example's program as its README has it run: bundled, in a folder of its own where `seedraft` is installed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const TOP = fileURLToPath(new URL('../..', import.meta.url));

export class ExamplePrograms {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'seedraft-example-'));
  readonly #example: string;
  readonly #processes = new Set<ChildProcess>();
  /** What they said, in the order in which it came. */
  readonly lines: string[] = [];
  readonly #listeners = new Set<() => void>();

  private constructor(example: string) {
    this.#example = path.join(TOP, 'examples', example);
  }

  /** `programs`: file names without `.ts`. `packages`: what is installed beside `seedraft`. */
  static async of(
    example: string,
    programs: readonly string[],
    packages: readonly string[] = [],
  ): Promise<ExamplePrograms> {
    const made = new ExamplePrograms(example);
    const modules = path.join(made.folder, 'node_modules');
    mkdirSync(modules);
    symlinkSync(path.join(TOP, 'packages/seedraft'), path.join(modules, 'seedraft'));
    for (const name of packages) {
      symlinkSync(path.join(TOP, 'node_modules', name), path.join(modules, name));
    }
    await build({
      entryPoints: programs.map((name) => path.join(made.#example, `${name}.ts`)),
      bundle: true,
      packages: 'external',
      platform: 'node',
      format: 'esm',
      outdir: path.join(made.folder, 'dist'),
      outExtension: { '.js': '.mjs' },
      logLevel: 'error',
    });
    return made;
  }

  start(program: string, ...words: readonly string[]): ChildProcess {
    const child = spawn(process.execPath, [path.join('dist', `${program}.mjs`), ...words], {
      cwd: this.folder,
      env: { ...process.env, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#processes.add(child);
    child.once('exit', () => this.#processes.delete(child));
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        this.lines.push(line);
        for (const listener of this.#listeners) listener();
      });
    }
    return child;
  }

  /** To its end: its code, and everything said. */
  async run(program: string, ...words: readonly string[]): Promise<[number | null, string]> {
    const child = this.start(program, ...words);
    const [code] = await once(child, 'close');
    return [code as number | null, this.lines.join('\n')];
  }

  /** Resolves with the first line that says so, once there is one. */
  said(what: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve) => {
      const look = () => {
        const found = this.lines.map((line) => what.exec(line)).find((one) => one !== null);
        if (found === undefined) return;
        this.#listeners.delete(look);
        resolve(found);
      };
      this.#listeners.add(look);
      look();
    });
  }

  async stop(): Promise<void> {
    const running = [...this.#processes];
    const ended = running.map((child) => once(child, 'exit'));
    for (const child of running) child.kill('SIGKILL');
    await Promise.all(ended);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
