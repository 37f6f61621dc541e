import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { conditions: ['@seedraft/source'] },
  ssr: { resolve: { conditions: ['@seedraft/source'] } },
  test: { include: ['test/**/*.test.ts'], pool: 'threads', testTimeout: 30_000 },
});
