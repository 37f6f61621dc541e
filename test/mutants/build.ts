/** Builds the simulator with one mutant in it, from the sources, in milliseconds. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { applyMutant, type Mutant } from './mutant.ts';

/** The top of the house, from compiled or source position alike. */
export const HOUSE = (() => {
  const here = path.dirname(fileURLToPath(import.meta.url));
  return here.slice(0, here.lastIndexOf(`${path.sep}test${path.sep}`));
})();

function planting(mutant: Mutant): Plugin {
  const target = path.join(HOUSE, mutant.file);
  return {
    name: 'plant a bug',
    setup(builder) {
      builder.onLoad({ filter: /\.ts$/ }, ({ path: file }) =>
        file === target
          ? { contents: applyMutant(mutant, readFileSync(file, 'utf8')), loader: 'ts' }
          : undefined,
      );
    },
  };
}

/** Bundles test/mutants/hunt.ts with the mutant (null: the clean house) into `outfile`, an ES module. */
export function buildHunt(mutant: Mutant | null, outfile: string): Promise<void> {
  return buildWith(mutant, 'test/mutants/hunt.ts', outfile);
}

/** Bundles any program of the house with the mutant in it. */
export async function buildWith(
  mutant: Mutant | null,
  entry: string,
  outfile: string,
): Promise<void> {
  if (mutant !== null) applyMutant(mutant, readFileSync(path.join(HOUSE, mutant.file), 'utf8'));
  await build({
    entryPoints: [path.join(HOUSE, entry)],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    conditions: ['@seedraft/source'],
    // CommonJS parts of dependencies (yaml, seedrandom) ask for `require`.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    plugins: mutant === null ? [] : [planting(mutant)],
    logLevel: 'error',
  });
}
