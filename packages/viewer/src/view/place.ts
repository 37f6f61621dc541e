/** Where the reader is: which run, which moment, what is shown. Kept in the address, so that a link leads to a moment. */
import type { Report } from '../report.ts';

export interface Address {
  readonly run: number;
  /** An event's number; null: none was named. */
  readonly event: number | null;
}

/** `#shrunk/57`. Whatever it does not understand it passes over. */
export function readAddress(hash: string, { runs }: Report): Address {
  const [name, event] = hash.replace(/^#/, '').split('/');
  const run = Math.max(
    0,
    runs.findIndex((one) => one.name === name),
  );
  return { run, event: /^\d+$/.test(event ?? '') ? Number(event) : null };
}

export function writeAddress(name: string, event: number): string {
  return `#${name}/${event}`;
}
