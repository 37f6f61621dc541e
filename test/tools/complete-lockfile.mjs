#!/usr/bin/env node
// After `npm install`: names in the lockfile every platform's part of a native tool, also those that the registry at hand does not hold
// (`npm ci` refuses a lockfile that lacks one). Parts for other platforms are never downloaded; no addresses are recorded.
import { readFileSync, writeFileSync } from 'node:fs';

const file = new URL('../../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(file, 'utf8'));

const OS = [
  'android',
  'darwin',
  'freebsd',
  'linux',
  'openharmony',
  'win32',
  'sunos',
  'aix',
  'netbsd',
  'openbsd',
];
const CPU = [
  'arm64',
  'x64',
  'ia32',
  'arm',
  'ppc64',
  'riscv64',
  's390x',
  'loong64',
  'mips64el',
  'wasm32',
];

/** `@biomejs/cli-linux-x64-musl` -> { os: ['linux'], cpu: ['x64'], libc: ['musl'] }; null when the name tells no platform. */
function platformOf(name) {
  const words = name.split(/[/-]/);
  const os = OS.filter((word) => words.includes(word));
  const cpu = CPU.filter((word) => words.includes(word));
  if (cpu.length === 0) return null;
  const libc = words.some((word) => word.startsWith('musl')) ? ['musl'] : ['glibc'];
  const isLinux = os[0] === 'linux' && words.some((word) => /^(gnu|musl)/.test(word));
  return { cpu, ...(os.length > 0 && { os }), ...(isLinux && { libc }) };
}

let added = 0;
for (const entry of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const place = `node_modules/${name}`;
    const platform = platformOf(name);
    if (lock.packages[place] !== undefined || platform === null || !/^\d/.test(version)) continue;
    lock.packages[place] = {
      version,
      ...(entry.dev && { dev: true }),
      optional: true,
      ...platform,
    };
    added++;
  }
}
lock.packages = Object.fromEntries(
  Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en')),
);
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${added} added`);
