/** Finds a config, runs its bundle, and says what is wrong with it, by file and place. Also in every worker, on the text that was bundled. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { UsageError } from '../exit-codes.ts';
import { type Bundle, bundleConfig } from './bundle.ts';
import { type Config, configFlaw } from './define.ts';

export const CONFIG_FILE = 'seedraft.config.ts';
const NAMES = [CONFIG_FILE, 'seedraft.config.js', 'seedraft.config.mjs'];

/** What runs are about: the user's machine, or (without a config) the built-in one. */
export interface ConfigInForce {
  readonly config: Config | null;
  readonly bundle: Bundle | null;
  /** What a line must say to have this config again. */
  readonly words: readonly string[];
}

export const NO_CONFIG: ConfigInForce = { config: null, bundle: null, words: [] };

/** `--config FILE`, or what lies in the working directory; `false` (`--no-config`): none. Throws UsageError. */
export async function findConfig(given: string | boolean | undefined): Promise<ConfigInForce> {
  const usual = NAMES.find((name) => existsSync(name));
  if (given === false) return { ...NO_CONFIG, words: usual === undefined ? [] : ['--no-config'] };
  const file = typeof given === 'string' ? given : usual;
  if (file === undefined) return NO_CONFIG;
  const bundle = await bundleConfig(file);
  const config = await runBundle(bundle);
  return { config, bundle, words: file === usual ? [] : ['--config', bundle.file] };
}

/** Throws UsageError when the bundle throws as it is loaded, or gives something else than a config. */
export async function runBundle({
  file,
  module,
}: Pick<Bundle, 'file' | 'module'>): Promise<Config> {
  process.setSourceMapsEnabled(true);
  let loaded: { readonly default?: unknown };
  try {
    loaded = await import(pathToFileURL(module).href);
  } catch (error) {
    throw new UsageError(`${file} cannot be loaded: ${withPlace(error, file)}`);
  }
  const flaw = configFlaw(loaded.default);
  if (flaw !== null) throw new UsageError(`${file}: ${flaw}.`);
  return loaded.default as Config;
}

/** What was thrown, and the first place in the user's files that its stack names. */
function withPlace(error: unknown, file: string): string {
  if (!(error instanceof Error)) return String(error);
  const folder = path.dirname(path.resolve(file));
  const [, place] =
    /\(?(?:file:\/\/)?((?:\/|[A-Z]:\\)[^()\s]*:\d+:\d+)\)?$/m.exec(error.stack ?? '') ?? [];
  const at = place === undefined ? '' : ` (${path.relative(folder, place)})`;
  return `${error.name}: ${error.message}${at}`;
}
