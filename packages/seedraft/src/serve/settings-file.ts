/** The file of `serve --config`. Apart from the table of settings, so that a member without a file starts without a parser for it. */
import { parseDocument } from 'yaml';
import { UsageError } from '../exit-codes.ts';
import { didYouMean, SETTINGS, type SettingsFile } from './settings.ts';

/** Throws UsageError that names the place of the mistake. */
export function readSettingsFile(name: string, written: string): SettingsFile {
  const document = parseDocument(written, { logLevel: 'error' });
  const [flaw] = document.errors;
  if (flaw !== undefined) throw new UsageError(`${name}: ${flaw.message}`);
  const value: unknown = document.toJS({ maxAliasCount: 100 });
  if (value === null) return { name, keys: new Map() };
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new UsageError(`${name}: give settings as "name: value", one a line.`);
  }
  const known = SETTINGS.map((one) => one.name);
  const keys = new Map<string, string>();
  for (const [key, content] of Object.entries(value)) {
    if (!known.includes(key)) {
      throw new UsageError(`${name}: ${key} is no setting.${didYouMean(key, known)}`);
    }
    const items: unknown[] = Array.isArray(content) ? content : [content];
    if (!items.every((item) => ['string', 'number', 'boolean'].includes(typeof item))) {
      throw new UsageError(`${name}, ${key}: give a plain value, or a list of them.`);
    }
    keys.set(key, items.join(','));
  }
  return { name, keys };
}
