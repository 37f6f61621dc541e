/** `seedraft kv`: the built-in key-value machine from a terminal. */
import { isUtf8 } from 'node:buffer';
import type { Client } from '@seedraft/client';
import type { KvItem, KvValue } from '@seedraft/kv';
import { Argument, type Command } from 'commander';
import { EXIT, UsageError } from '../exit-codes.ts';
import { examples } from './examples.ts';
import { out } from './output.ts';
import { addReachOptions, type ReachFlags, reach } from './reach.ts';
import { parseTime } from './time.ts';

interface KvFlags extends ReachFlags {
  readonly namespace: string;
  readonly jsonValue?: boolean;
  readonly ttl?: string;
  readonly ifAbsent?: boolean;
  readonly consistency: 'linearizable' | 'lease' | 'stale';
  readonly absent?: boolean;
  readonly revision?: string;
  readonly expect?: string;
  readonly limit: string;
}

const CONSISTENCIES = ['linearizable', 'lease', 'stale'];

export function addKv(program: Command, finish: (code: number) => void): void {
  const kv = program.command('kv').summary('read and write keys');
  const verb = (line: string, summary: string): Command =>
    addReachOptions(kv.command(line).summary(summary).description(summary)).option(
      '-n, --namespace <text>',
      "which keys; namespaces know nothing of each other (other systems' protocols use this one)",
      'default',
    );
  const reading = (one: Command): Command =>
    one.option('--consistency <how>', CONSISTENCIES.join(', '), 'linearizable');
  const writing = (one: Command): Command =>
    one
      .option('--json-value', 'values are JSON, not text')
      .option('--ttl <time>', 'expire after this much cluster time');

  reading(verb('get', 'print the value of a key'))
    .argument('<key>')
    .addHelpText(
      'after',
      examples(
        ['kv get greeting', 'the value, and nothing else'],
        ['kv get greeting --json', 'with its revision'],
      ),
    )
    .action(async (key: string, flags: KvFlags) => finish(await reach(flags, get(key, flags))));
  writing(verb('put', 'store a value'))
    .argument('<key>')
    .argument('<value>')
    .option('--if-absent', 'only if there is no such key')
    .action(async (key: string, value: string, flags: KvFlags) =>
      finish(await reach(flags, put(key, value, flags))),
    );
  verb('delete', 'delete a key')
    .argument('<key>')
    .action(async (key: string, flags: KvFlags) => finish(await reach(flags, remove(key, flags))));
  writing(verb('cas', 'store a value only if the key is as expected'))
    .argument('<key>')
    .argument('<value>')
    .option('--expect <value>', 'it has this value')
    .option('--revision <n>', 'it was last changed by this entry')
    .option('--absent', 'there is no such key')
    .action(async (key: string, value: string, flags: KvFlags) =>
      finish(await reach(flags, cas(key, value, flags))),
    );
  verb('incr', 'add to an integer, and print it; an absent key counts as 0')
    .addArgument(new Argument('<key>'))
    .addArgument(new Argument('[by]').default('1'))
    .addHelpText(
      'after',
      examples(
        ['kv incr visits', 'one more'],
        ['kv incr stock -- -5', 'five less; -- since a word that begins with - is an option'],
      ),
    )
    .action(async (key: string, by: string, flags: KvFlags) =>
      finish(await reach(flags, increment(key, by, flags))),
    );
  verb('expire', 'let a key go after a time of the cluster; `never`: it stays')
    .argument('<key>')
    .argument('<time>')
    .action(async (key: string, time: string, flags: KvFlags) =>
      finish(await reach(flags, expire(key, time, flags))),
    );
  reading(verb('scan', 'print the keys that begin with a prefix'))
    .addArgument(new Argument('[prefix]').default(''))
    .option('--limit <n>', 'at most so many', '1000')
    .action(async (prefix: string, flags: KvFlags) =>
      finish(await reach(flags, scan(prefix, flags))),
    );
  verb('watch', 'print what happens to the keys that begin with a prefix, until Ctrl-C')
    .addArgument(new Argument('[prefix]').default(''))
    .action(async (prefix: string, flags: KvFlags) =>
      finish(await reach(flags, watch(prefix, flags))),
    );
}

type Action = Parameters<typeof reach>[1];

function get(key: string, flags: KvFlags): Action {
  const mode = consistency(flags);
  return async (client) => {
    const item = await client.kv(flags.namespace).get(key, { mode });
    if (item === null) return { text: '', json: { key, found: false }, code: EXIT.missing };
    return { text: shown(item.value), json: { ...plain(item), found: true } };
  };
}

function put(key: string, text: string, flags: KvFlags): Action {
  const value = parsedValue(text, flags);
  const ttl = lifetime(flags);
  return async (client) => {
    const options = { ...ttl, ...(flags.ifAbsent && { ifAbsent: true }) };
    return stored(key, await client.kv(flags.namespace).put(key, value, options));
  };
}

function cas(key: string, text: string, flags: KvFlags): Action {
  const value = parsedValue(text, flags);
  const ttl = lifetime(flags);
  const given = [flags.expect, flags.revision, flags.absent].filter((one) => one !== undefined);
  if (given.length !== 1) throw new UsageError('give one of --expect, --revision and --absent.');
  const expected =
    flags.expect !== undefined
      ? (['value', parsedValue(flags.expect, flags)] as const)
      : flags.revision !== undefined
        ? (['revision', whole('--revision', flags.revision)] as const)
        : (['absent'] as const);
  return async (client) =>
    stored(key, await client.kv(flags.namespace).cas(key, expected, value, ttl));
}

function remove(key: string, { namespace }: KvFlags): Action {
  return async (client) => {
    const previous = await client.kv(namespace).delete(key);
    const json = { key, deleted: previous !== null };
    return { text: previous === null ? 'there was no such key' : 'deleted', json };
  };
}

function increment(key: string, text: string, { namespace }: KvFlags): Action {
  if (!/^-?\d{1,19}$/.test(text)) throw new UsageError(`${text}: give a whole number of 64 bits.`);
  return async (client) => {
    const value = await client.kv(namespace).increment(key, BigInt(text));
    return { text: `${value}`, json: { key, value: `${value}` } };
  };
}

function expire(key: string, time: string, { namespace }: KvFlags): Action {
  const ttl = time === 'never' ? null : parseTime('<time>', time);
  return async (client) => {
    const kv = client.kv(namespace);
    const lives = await (ttl === null ? kv.persist(key) : kv.expire(key, ttl));
    if (lives === null) {
      return { text: 'there is no such key', json: { key, found: false }, code: EXIT.missing };
    }
    const text = ttl === null ? 'it stays' : `it goes in ${ttl / 1000} s`;
    return { text, json: { key, found: true, expires: lives.expires } };
  };
}

function scan(prefix: string, flags: KvFlags): Action {
  const mode = consistency(flags);
  const limit = whole('--limit', flags.limit);
  return async (client) => {
    const { items, more, index } = await client.kv(flags.namespace).scan(prefix, { mode, limit });
    const lines = items.map(({ key, value }) => `${key}\t${shown(value)}`);
    if (more) lines.push(`(more; give a higher --limit than ${limit})`);
    return { text: lines.join('\n'), json: { items: items.map(plain), more, index } };
  };
}

function watch(prefix: string, flags: KvFlags): Action {
  return async (client: Client) => {
    const stop = (): void => void client.close({ within: 0 });
    process.once('SIGINT', stop);
    process.once('SIGTERM', stop);
    for await (const event of client.kv(flags.namespace).watch(prefix)) {
      out(flags.json ? JSON.stringify(event) : described(event));
    }
    return { text: '', json: null };
  };
}

function described(
  event: { readonly type: string; readonly index: number } & Record<string, unknown>,
): string {
  switch (event.type) {
    case 'reset': {
      const items = event.items as readonly KvItem[];
      return [
        `@${event.index} now`,
        ...items.map(({ key, value }) => `  ${key}\t${shown(value)}`),
      ].join('\n');
    }
    case 'put': {
      const item = event.item as KvItem;
      return `@${event.index} put ${item.key}\t${shown(item.value)}`;
    }
    default:
      return `@${event.index} delete ${event.key as string}`;
  }
}

function stored(key: string, result: { readonly status: string } & Record<string, unknown>) {
  if (result.status === 'stored') {
    return {
      text: `stored, revision ${result.revision}`,
      json: { key, stored: true, revision: result.revision },
    };
  }
  const current = result.current as KvItem | null;
  return {
    text:
      current === null
        ? 'not stored: there is no such key'
        : `not stored: it is ${shown(current.value)}, revision ${current.revision}`,
    json: { key, stored: false, current: current === null ? null : plain(current) },
    code: EXIT.missing,
  };
}

function consistency({ consistency: mode }: KvFlags): KvFlags['consistency'] {
  if (CONSISTENCIES.includes(mode)) return mode;
  throw new UsageError(`--consistency ${mode}: give one of ${CONSISTENCIES.join(', ')}.`);
}

function lifetime({ ttl }: KvFlags): { ttl?: number } {
  return ttl === undefined ? {} : { ttl: parseTime('--ttl', ttl) };
}

function whole(flag: string, text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new UsageError(`${flag} ${text}: give a whole number.`);
}

function parsedValue(text: string, { jsonValue }: KvFlags): KvValue {
  if (!jsonValue) return text;
  try {
    return JSON.parse(text) as KvValue;
  } catch (error) {
    throw new UsageError(`${text} is not JSON: ${(error as Error).message}`);
  }
}

/** Text as it is, also where Redis's clients wrote it as bytes; everything else as JSON, other bytes in base64: a terminal is no place for them. */
function shown(value: KvValue): string {
  const text = value instanceof Uint8Array ? printable(value) : value;
  return typeof text === 'string' ? text : JSON.stringify(jsonOf(value));
}

/** Null: it is no text, or not all of it would show. */
function printable(bytes: Uint8Array): string | null {
  const text = Buffer.from(bytes).toString('utf8');
  const isText = isUtf8(bytes) && !/[^\P{C}\n\t]/u.test(text);
  return isText ? text : null;
}

function plain({ key, value, revision, expires }: KvItem) {
  return { key, value: jsonOf(value), revision, expires };
}

function jsonOf(value: KvValue): unknown {
  if (value instanceof Uint8Array) return { base64: Buffer.from(value).toString('base64') };
  if (Array.isArray(value)) return value.map(jsonOf);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, jsonOf(one as KvValue)]),
  );
}
