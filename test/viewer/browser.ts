/** Debian's chromium, for tests of pages. A machine without one skips them and says how to get it; SEEDRAFT_REQUIRE=chromium makes that a failure. */
import { existsSync } from 'node:fs';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Null: there is none here. Throws when there must be one. */
export function findChromium(): string | null {
  const found = PLACES.find((place) => existsSync(place)) ?? null;
  if (found !== null) return found;
  const sentence = 'no chromium here (apt-get install -y chromium)';
  const required = (process.env.SEEDRAFT_REQUIRE ?? '').split(',');
  if (required.includes('chromium')) throw new Error(sentence);
  console.warn(`SKIPPED, the tests of pages: ${sentence}`);
  return null;
}
