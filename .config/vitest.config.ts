import { availableParallelism } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './vitest.order.ts';

const house = fileURLToPath(new URL('..', import.meta.url));

/**
 * Tests run on the compiled house, as its users and its processes do: what vitest compiles itself reaches every import through an object,
 * which makes the loops of the simulator a third slower. The global setup compiles first, so that a stale build cannot pass.
 */
const compiled = {
  name: 'the compiled house',
  enforce: 'pre',
  resolveId(id: string, importer?: string): string | null {
    if (importer === undefined || !/^\.{1,2}\/.*\.ts$/.test(id)) return null;
    const file = path.relative(house, path.resolve(path.dirname(importer), id));
    const [, room, module] = /^(packages\/(?!viewer\/)[a-z]+|sim)\/src\/(.+)\.ts$/.exec(file) ?? [];
    return room === undefined ? null : path.join(house, room, 'dist', `${module}.js`);
  },
} as const;

export default defineConfig({
  root: house,
  plugins: [compiled],
  test: {
    include: ['test/**/*.test.ts', 'examples/**/*.test.ts'],
    // Shrunk failures are tests too, of whoever found them.
    exclude: ['**/node_modules/**', '**/runs/**'],
    globalSetup: fileURLToPath(new URL('vitest.build.ts', import.meta.url)),
    server: { deps: { external: [/\/(packages\/[a-z]+|sim)\/dist\//] } },
    sequence: { sequencer: LongestFirst },
    pool: 'threads',
    // Modules hold no state, so files share them: importing the house anew for each file was half of the suite's time.
    isolate: false,
    // Files wait for processes, elections and disks for a third of their time; by default even one core is left alone.
    maxWorkers: Math.ceil(1.5 * availableParallelism()),
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
