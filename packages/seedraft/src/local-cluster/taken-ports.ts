/**
 * Ports that somebody listens on already, and who, as far as this system tells (Linux: /proc; others' processes only for root). A look and no lock: whoever
 * takes one after it is met by the member, which then says so itself.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';

/** What stands in the way of listening there, in words; null: nothing. */
export function flawOfPort(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(reasonOf(error, port)));
    server.listen({ host, port }, () => server.close(() => resolve(null)));
  });
}

function reasonOf({ code, message }: NodeJS.ErrnoException, port: number): string {
  if (code === 'EADDRINUSE') return `is taken${holderOf(port)}`;
  if (code === 'EACCES') return 'is not for this user to listen on (below 1024 only root may)';
  return `cannot be listened on: ${message}`;
}

/** ` by process 123 (node server.js)`, or '' where nobody says. */
function holderOf(port: number): string {
  const inodes = new Set(['tcp', 'tcp6'].flatMap((table) => listenersIn(table, port)));
  if (inodes.size === 0) return '';
  for (const pid of listed('/proc').filter((name) => /^\d+$/.test(name))) {
    for (const descriptor of listed(`/proc/${pid}/fd`)) {
      const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${descriptor}`))?.[1];
      if (inode !== undefined && inodes.has(inode)) return ` by process ${pid}${commandOf(pid)}`;
    }
  }
  return '';
}

/** Inodes of the sockets that listen on it: fields 1 (address:port, hex), 3 (state, 0A: listen) and 9 of each line. */
function listenersIn(table: string, port: number): string[] {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return textOf(`/proc/net/${table}`)
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === '0A' && fields[1]?.endsWith(wanted))
    .map((fields) => fields[9]!);
}

const SHOWN = 60;

function commandOf(pid: string): string {
  const all = textOf(`/proc/${pid}/cmdline`).split('\0');
  const words = all
    .map((word) => path.basename(word))
    .join(' ')
    .trim();
  const shown = words.length > SHOWN ? `${words.slice(0, SHOWN)}...` : words;
  return shown === '' ? '' : ` (${shown})`;
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function linkOf(file: string): string {
  try {
    return readlinkSync(file);
  } catch {
    return '';
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
