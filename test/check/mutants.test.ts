/** Proves that the golden histories would notice if the checker were wrong, in each of the ways listed in mutants.ts. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type * as Check from '@seedraft/check';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { readGoldens } from './golden.ts';
import { type Mutant, mutants } from './mutants.ts';

const source = fileURLToPath(new URL('../../packages/check/src/', import.meta.url));
const goldens = readGoldens();

async function buildMutant(mutant: Mutant | null): Promise<typeof Check> {
  const result = await build({
    entryPoints: [`${source}index.ts`],
    bundle: true,
    write: false,
    format: 'esm',
    plugins: [
      {
        name: 'mutant',
        setup: ({ onLoad }) =>
          onLoad({ filter: /\.ts$/ }, ({ path }) => {
            if (mutant === null || path !== source + mutant.file) return undefined;
            const patches = mutant.also ? [mutant, mutant.also] : [mutant];
            const contents = patches.reduce(patch, readFileSync(path, 'utf8'));
            return { contents, loader: 'ts' };
          }),
      },
    ],
  });
  const code = Buffer.from(result.outputFiles[0]!.contents).toString('base64');
  return (await import(/* @vite-ignore */ `data:text/javascript;base64,${code}`)) as typeof Check;
}

function patch(text: string, { find, replace }: { find: string; replace: string }): string {
  const parts = text.split(find);
  expect(parts, 'the patch must fit exactly once').toHaveLength(2);
  return parts.join(replace);
}

/** The golden histories on which this checker does not say what it should; to throw is not to say it. */
function caughtBy(check: typeof Check): string[] {
  const models = [check.register(), check.casRegister(), check.kv(), check.namespacedKv()];
  const wrong = goldens.filter((golden) => {
    const parsed = check.parseOperations(golden.text, golden.format);
    if (!parsed.ok) return true;
    const model = models.find((one) => one.name === golden.model)!;
    return (['depth-first', 'sweep'] as const).some((strategy) => {
      const options = { maxSteps: 10_000, windowSteps: 0, strategy };
      try {
        const { verdict } = check.checkLinearizability(parsed.operations, model, options);
        return verdict !== golden.expect;
      } catch {
        return true;
      }
    });
  });
  return wrong.map((golden) => golden.name);
}

test('the checker as it is satisfies all of them', async () => {
  expect(caughtBy(await buildMutant(null))).toEqual([]);
});

test.each(mutants)('caught: $id', async (mutant) => {
  expect(caughtBy(await buildMutant(mutant))).not.toEqual([]);
});
