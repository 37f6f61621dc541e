/** Builds any program of the house with bugs planted in it, from the sources, in milliseconds. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { build, type Plugin } from 'esbuild';
import { HOUSE } from './house.ts';
import { applyMutant, type Planted, patchesOf } from './mutant.ts';

/** The patched files, by path. A bug in the core and one in a rule may be planted together. */
function patchedFiles(mutants: readonly Planted[]): Map<string, string> {
  const patched = new Map<string, string>();
  for (const mutant of mutants) {
    for (const file of new Set(patchesOf(mutant).map((patch) => patch.file))) {
      const place = path.join(HOUSE, file);
      const text = patched.get(place) ?? readFileSync(place, 'utf8');
      patched.set(place, applyMutant(mutant, file, text));
    }
  }
  return patched;
}

function planting(patched: ReadonlyMap<string, string>): Plugin {
  return {
    name: 'plant bugs',
    setup(builder) {
      builder.onLoad({ filter: /\.ts$/ }, ({ path: file }) => {
        const contents = patched.get(file);
        return contents === undefined ? undefined : { contents, loader: 'ts' };
      });
    },
  };
}

/** Bundles the program at `entry` into `outfile`, an ES module, with these mutants in it (none: the clean house). */
export async function buildWith(
  mutants: readonly Planted[],
  entry: string,
  outfile: string,
): Promise<void> {
  const patched = patchedFiles(mutants);
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
    plugins: [planting(patched)],
    logLevel: 'error',
  });
}
