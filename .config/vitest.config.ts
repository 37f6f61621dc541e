import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** Tests run on the sources (the `@seedraft/source` condition), so that a stale build cannot pass. */
export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  resolve: { conditions: ['@seedraft/source'] },
  ssr: { resolve: { conditions: ['@seedraft/source'] } },
  test: {
    include: ['test/**/*.test.ts', 'examples/**/*.test.ts'],
    pool: 'threads',
    // Modules hold no state, so files share them: importing the house anew for each file was half of the suite's time.
    isolate: false,
    // By default one core is left alone, and of two that is half.
    maxWorkers: '100%',
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
