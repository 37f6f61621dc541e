/** How the verbs that talk to a running cluster find it, and what they say when they cannot. */
import { readFileSync } from 'node:fs';
import { type Client, connect, SeedraftError } from '@seedraft/client';
import type { Command } from 'commander';
import { EXIT, UsageError } from '../exit-codes.ts';
import { CLUSTER_FILE, isAlive, readClusterFile } from '../local-cluster/cluster-file.ts';
import { note, out } from './output.ts';
import { parseTime } from './time.ts';

export interface ReachFlags {
  readonly endpoints?: string;
  readonly token?: string;
  readonly tlsCa?: string;
  readonly timeout: string;
  readonly json?: boolean;
}

export function addReachOptions(verb: Command): Command {
  return verb
    .option(
      '--endpoints <host:port,...>',
      `client addresses (or SEEDRAFT_ENDPOINTS, or ${CLUSTER_FILE})`,
    )
    .option('--token <text>', 'who we are (or SEEDRAFT_TOKEN)')
    .option('--tls-ca <file>', 'speak TLS, and trust who is signed by this')
    .option('--timeout <time>', 'give up after this', '10s')
    .option('--json', 'print one JSON object on stdout');
}

/** `--endpoints` beats SEEDRAFT_ENDPOINTS, which beats the local cluster of this directory. */
export function findEndpoints(flags: Pick<ReachFlags, 'endpoints'>): readonly string[] {
  const written = flags.endpoints ?? process.env.SEEDRAFT_ENDPOINTS;
  if (written !== undefined) {
    const endpoints = written.split(',').map((one) => one.trim());
    const wrong = endpoints.find((one) => !/^(\[[^\]]+\]|[^:\s]+):\d{1,5}$/.test(one));
    if (wrong === undefined) return endpoints;
    throw new UsageError(`--endpoints: ${JSON.stringify(wrong)} is not host:port.`);
  }
  const file = readClusterFile();
  if (file !== null && isAlive(file)) return file.members.map(({ client }) => client);
  throw new UsageError(
    `which cluster? Give --endpoints HOST:PORT,..., set SEEDRAFT_ENDPOINTS, or start one here: seedraft cluster up` +
      `${file === null ? '' : ` (${CLUSTER_FILE} is of one that runs no more)`}.`,
  );
}

/** Runs the action with a client; its text or its object is what the verb prints. */
export async function reach(
  flags: ReachFlags,
  action: (
    client: Client,
    timeout: number,
  ) => Promise<{ readonly text: string; readonly json: unknown; readonly code?: number }>,
): Promise<number> {
  const timeout = parseTime('--timeout', flags.timeout);
  const endpoints = findEndpoints(flags);
  let client: Client | null = null;
  try {
    client = await connect({
      endpoints,
      name: 'seedraft command',
      token: flags.token ?? process.env.SEEDRAFT_TOKEN ?? '',
      timeouts: { call: timeout, connect: Math.min(timeout, 5000) },
      ...(flags.tlsCa !== undefined && { tls: { ca: certificate(flags.tlsCa) } }),
    });
    const { text, json, code } = await action(client, timeout);
    const shown = flags.json ? JSON.stringify(json) : text;
    if (shown !== '') out(shown);
    return code ?? EXIT.pass;
  } catch (error) {
    if (!(error instanceof SeedraftError)) throw error;
    return failed(error, endpoints, flags.json === true);
  } finally {
    await client?.close({ within: 100 });
  }
}

export function failed(error: SeedraftError, endpoints: readonly string[], json: boolean): number {
  const { code, message, outcome } = error;
  if (json) out(JSON.stringify({ error: { code, message, outcome } }));
  const doubt =
    outcome === 'unknown' ? ' It may have taken effect, or may yet: read to find out.' : '';
  const said = doubt === '' || /[.!?]$/.test(message) ? message : `${message}.`;
  note(`error: ${said}${doubt} (asked: ${endpoints.join(', ')})`);
  return EXIT.refused;
}

export function certificate(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`--tls-ca ${file}: ${(error as Error).message}`);
  }
}
