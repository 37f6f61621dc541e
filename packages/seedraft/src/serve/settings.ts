/**
 * What `serve` can be told, as one table: each setting is a flag, an environment variable and a key of the YAML file under one name
 * (`--peer-listen`, SEEDRAFT_PEER_LISTEN, `peer-listen:`). A flag beats the environment, which beats the file, which beats the default.
 * Whatever is not in the table is an error with a suggestion: a misspelt setting must not silently be a default.
 */
import { PROTOCOLS, type ProtocolName } from '@seedraft/api/protocols';
import { type Address, parseAddress } from '@seedraft/node/address';
import { UsageError } from '../exit-codes.ts';
import { nearestNames } from '../nearest-names.ts';
import { readLocation } from '../s3/location.ts';
import { flawOfEndpoint } from '../s3/sdk.ts';

export type SettingValue = string | number | boolean | Address | readonly string[] | null;

interface Kind<T extends SettingValue> {
  /** What stands after the flag; '' for a switch. */
  readonly operand: string;
  readonly isMany?: boolean;
  /** Undefined: it is not one. */
  readonly read: (text: string) => T | undefined;
  /** What to give instead. */
  readonly wants: string;
  /** As it would be written. */
  show?(value: T): string;
}

export interface Setting<T extends SettingValue = SettingValue> {
  readonly name: string;
  readonly kind: Kind<T>;
  readonly fallback: T;
  readonly help: string;
}

const text: Kind<string> = {
  operand: '<text>',
  read: (given) => (given.trim() === '' ? undefined : given),
  wants: 'some text',
};
const path: Kind<string> = { ...text, operand: '<path>', wants: 'a path' };
const toggle: Kind<boolean> = {
  operand: '',
  read: (given) => (given === 'true' ? true : given === 'false' ? false : undefined),
  wants: 'true or false',
};
const address: Kind<Address> = {
  operand: '<host:port>',
  read: (given) => parseAddress(given) ?? undefined,
  wants: 'host:port, such as 127.0.0.1:7400 (port 0: any free one)',
};
const addressOrOff: Kind<Address | null> = {
  ...address,
  read: (given) => (given === 'off' ? null : (parseAddress(given) ?? undefined)),
  wants: 'host:port, or off',
};
const addresses: Kind<readonly string[]> = {
  operand: '<host:port>',
  isMany: true,
  read: (given) => {
    const all = given.split(',').map((one) => one.trim());
    return all.every((one) => parseAddress(one) !== null) ? all : undefined;
  },
  wants: 'one or more of host:port, with commas between them',
};
const members: Kind<readonly string[]> = {
  operand: '<id=peer/client>',
  isMany: true,
  read: (given) => {
    const all = given.split(',').map((one) => one.trim());
    return all.every((one) => parseFirstMember(one) !== null) ? all : undefined;
  },
  wants: 'id=peer-address/client-address, such as 1=10.0.0.1:7400/10.0.0.1:7401',
};
const apis: Kind<readonly string[]> = {
  operand: '<protocol=[host:]port>',
  isMany: true,
  read: (given) => {
    const all = given.split(',').map((one) => one.trim());
    return all.every((one) => parseApi(one) !== null) ? all : undefined;
  },
  wants: `one or more of protocol=port or protocol=host:port, such as raftnode=9001 (protocols: ${Object.keys(PROTOCOLS).join(', ')})`,
};
const isOrigin = (given: string): boolean => URL.canParse(given) && new URL(given).origin === given;
const origins: Kind<readonly string[]> = {
  operand: '<origin>',
  isMany: true,
  read: (given) => {
    const all = given.split(',').map((one) => one.trim());
    return all.every((one) => one === '*' || isOrigin(one)) ? all : undefined;
  },
  wants: 'one or more origins of web pages, such as https://console.example.org:8443, or *',
};
const whole: Kind<number> = {
  operand: '<n>',
  read: (given) => (/^[1-9]\d{0,14}$/.test(given) ? Number(given) : undefined),
  wants: 'a whole number above 0',
};
const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const duration: Kind<number> = {
  operand: '<time>',
  read: (given) => {
    const match = /^(\d{1,9})(ms|s|m|h|d)$/.exec(given);
    const value = match === null ? 0 : Number(match[1]) * UNITS[match[2]!]!;
    return value > 0 ? value : undefined;
  },
  wants: 'a time with its unit, such as 200ms, 2s or 6h',
  show: (value) => inLargestUnit(value, UNITS),
};
const bucket: Kind<string> = {
  operand: '<s3://bucket/prefix>',
  read: (given) => {
    const location = readLocation(given);
    return typeof location === 'string' || location.isObject ? undefined : given;
  },
  wants: 's3://BUCKET/PREFIX/, without credentials and not the name of one backup',
};
const endpoint: Kind<string> = {
  operand: '<url>',
  read: (given) => (flawOfEndpoint(given) === null ? given : undefined),
  wants: 'the URL of a store without credentials, such as https://s3.example.org',
};
const SIZES: Readonly<Record<string, number>> = { B: 1, KiB: 1024, MiB: 1 << 20, GiB: 1 << 30 };
const size: Kind<number> = {
  operand: '<size>',
  read: (given) => {
    const match = /^(\d{1,9})(B|KiB|MiB|GiB)$/.exec(given);
    const value = match === null ? 0 : Number(match[1]) * SIZES[match[2]!]!;
    return value > 0 ? value : undefined;
  },
  wants: 'a size with its unit, such as 64MiB or 2GiB',
  show: (value) => inLargestUnit(value, SIZES),
};
function oneOf<T extends string>(...choices: readonly T[]): Kind<T> {
  return {
    operand: `<${choices.join('|')}>`,
    read: (given) => choices.find((choice) => choice === given),
    wants: `one of ${choices.join(', ')}`,
  };
}

const DAY = 86_400_000;

function setting<T extends SettingValue>(kind: Kind<T>, fallback: T, help: string) {
  return { kind, fallback, help };
}

const TABLE = {
  data: setting(path, 'seedraft-data', 'the data directory of this member'),
  name: setting(text, '', 'what people call this member (default: n<id>)'),
  bootstrap: setting(toggle, false, 'begin a new cluster; on each first member, once'),
  cluster: setting(text, '', 'with --bootstrap: the name of the cluster, the same on all'),
  id: setting(
    whole,
    0,
    'with --bootstrap: which of --members this is; with --join: the id of `member add`',
  ),
  members: setting(members, [], 'with --bootstrap: all first members, the same on all'),
  join: setting(addresses, [], 'join the cluster that answers at these client addresses'),
  learner: setting(toggle, false, 'with --join: stay a learner, which has every entry and no vote'),
  'peer-listen': setting(address, { host: '127.0.0.1', port: 7400 }, 'where members reach it'),
  'client-listen': setting(
    addressOrOff,
    { host: '127.0.0.1', port: 7401 },
    'where clients reach it',
  ),
  'http-listen': setting(
    addressOrOff,
    { host: '127.0.0.1', port: 7402 },
    'where /metrics, /healthz, /readyz and /status are',
  ),
  'peer-advertise': setting(text, '', 'what members are told, where that differs'),
  'client-advertise': setting(text, '', 'what clients are told, where that differs'),
  api: setting(apis, [], "speak other systems' client protocols too, each on a port of its own"),
  'api-testing': setting(
    toggle,
    false,
    'with --api: routes by which anybody takes the member out of the cluster and back in',
  ),
  'api-origin': setting(
    origins,
    [],
    'with --api: web pages that may ask over HTTP and WebSocket, beside those of the port itself',
  ),
  'election-timeout': setting(duration, 1000, 'from this to twice this without a leader: elect'),
  'heartbeat-interval': setting(duration, 200, 'how often a leader is heard at least'),
  'lease-reads': setting(toggle, false, 'serve `lease` reads without asking others'),
  durability: setting(oneOf('default', 'paranoid'), 'default', 'paranoid: one more fsync a commit'),
  'snapshot-entries': setting(whole, 100_000, 'take a snapshot after so many entries'),
  'snapshot-bytes': setting(
    size,
    8 << 20,
    'take a snapshot after so many bytes of entries, or as many as the state has, if that is more',
  ),
  'snapshot-bytes-max': setting(size, 32 << 20, 'and at the latest after so many'),
  'max-state': setting(size, 1 << 30, 'refuse writes above this size of the state'),
  backup: setting(
    bucket,
    '',
    'whoever leads backs the state up there (credentials and region: from the environment, as the AWS tools have them)',
  ),
  'backup-every': setting(duration, DAY, 'with --backup: how often'),
  'backup-keep': setting(
    whole,
    0,
    'with --backup: delete older ones of this cluster than the newest n whole ones, after each new one (default: keep all)',
  ),
  's3-endpoint': setting(
    endpoint,
    '',
    'with --backup: where s3:// is, when not at AWS (or AWS_ENDPOINT_URL_S3)',
  ),
  'secret-file': setting(
    path,
    '',
    'members prove to each other that they know what is in this file',
  ),
  'peer-cert': setting(path, '', 'mutual TLS between members: certificate (PEM)'),
  'peer-key': setting(path, '', 'its private key'),
  'peer-ca': setting(path, '', 'who signed the certificates of the others'),
  'client-cert': setting(path, '', 'TLS for clients: certificate (PEM)'),
  'client-key': setting(path, '', 'its private key'),
  'client-ca': setting(path, '', 'who signed it, for members that ask each other'),
  'tokens-file': setting(
    path,
    '',
    'a line for each client token: role (read, write, admin), token',
  ),
  insecure: setting(toggle, false, 'listen off loopback with nothing that keeps strangers out'),
  'log-level': setting(oneOf('debug', 'info', 'warn', 'error', 'silent'), 'info', 'what is logged'),
  'log-format': setting(oneOf('text', 'json'), 'text', 'json: one object a line'),
} as const;

export type SettingName = keyof typeof TABLE;
export type ServeSettings = {
  readonly [Name in SettingName]: (typeof TABLE)[Name] extends { kind: Kind<infer T> } ? T : never;
};

export const SETTINGS: readonly Setting[] = Object.entries(TABLE).map(
  ([name, one]) => ({ name, ...one }) as unknown as Setting,
);

/** Of which `backup` says where, and the others how. */
export const BACKUP_SETTINGS = ['backup', 'backup-every', 'backup-keep', 's3-endpoint'] as const;

export const environmentName = (name: string): string =>
  `SEEDRAFT_${name.toUpperCase().replaceAll('-', '_')}`;

/** Where else SEEDRAFT_* is read: not ours, and no mistake. */
const OTHER_VARIABLES = [
  'SEEDRAFT_ENDPOINTS',
  'SEEDRAFT_TOKEN',
  'SEEDRAFT_CONFIG',
  'SEEDRAFT_REQUIRE',
];

export interface Sources {
  /** Texts of the flags that were given, by setting; a list's are joined by commas. */
  readonly flags: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly file: SettingsFile | null;
}

/** A file that was read, by settings-file.ts. */
export interface SettingsFile {
  readonly name: string;
  /** Its keys, and their values as a flag would give them. */
  readonly keys: ReadonlyMap<string, string>;
}

/** Every setting's value and whether somebody chose it. Throws UsageError that names the place of each mistake. */
export function mergeSettings(sources: Sources): {
  readonly settings: ServeSettings;
  readonly given: ReadonlySet<SettingName>;
} {
  refuseUnknownVariables(sources.environment);
  const values: Record<string, SettingValue> = {};
  const given = new Set<SettingName>();
  for (const { name, kind, fallback } of SETTINGS) {
    const found = find(name, sources);
    if (found === null) {
      values[name] = fallback;
      continue;
    }
    const value = kind.read(found.text);
    if (value === undefined) {
      // Credentials in a URL are refused, and not said again.
      const shown = JSON.stringify(found.text.replace(/\/\/.*@/, '//...@'));
      throw new UsageError(`${found.place}: ${shown} is not ${kind.wants}.`);
    }
    values[name] = value;
    given.add(name as SettingName);
  }
  return { settings: values as ServeSettings, given };
}

/** Of a launcher that has no flags for them: these settings, as the environment has them. */
export function settingsOfEnvironment(
  names: readonly SettingName[],
): ReturnType<typeof mergeSettings> {
  const variables = names.map((name) => environmentName(name));
  const environment = Object.fromEntries(variables.map((name) => [name, process.env[name]]));
  return mergeSettings({ flags: {}, environment, file: null });
}

function find(name: string, { flags, environment, file }: Sources) {
  const flag = flags[name];
  if (flag !== undefined) return { text: flag, place: `--${name}` };
  const variable = environment[environmentName(name)];
  if (variable !== undefined) return { text: variable, place: environmentName(name) };
  const key = file?.keys.get(name);
  return key === undefined ? null : { text: key, place: `${file!.name}, ${name}` };
}

function refuseUnknownVariables(environment: Sources['environment']): void {
  const known = [...SETTINGS.map(({ name }) => environmentName(name)), ...OTHER_VARIABLES];
  for (const name of Object.keys(environment)) {
    if (!name.startsWith('SEEDRAFT_') || known.includes(name)) continue;
    throw new UsageError(`${name} (environment) is no setting.${didYouMean(name, known)}`);
  }
}

export function didYouMean(written: string, known: readonly string[]): string {
  const [nearest] = nearestNames(written, known);
  return nearest === undefined ? '' : ` Did you mean ${nearest}?`;
}

/** `units` from the smallest on. */
function inLargestUnit(value: number, units: Readonly<Record<string, number>>): string {
  const [unit, size] = Object.entries(units).findLast(([, of]) => value % of === 0)!;
  return `${value / size}${unit}`;
}

/** `1=10.0.0.1:7400/10.0.0.1:7401`. Null: it is none. */
export function parseFirstMember(
  written: string,
): { readonly id: number; readonly peerAddress: string; readonly clientAddress: string } | null {
  const match = /^([1-9]\d{0,8})=([^/]+)\/([^/]+)$/.exec(written);
  if (match === null) return null;
  const [peerAddress, clientAddress] = [match[2]!, match[3]!];
  if (parseAddress(peerAddress) === null || parseAddress(clientAddress) === null) return null;
  return { id: Number(match[1]), peerAddress, clientAddress };
}

export interface ApiWish {
  readonly protocol: ProtocolName;
  readonly listen: Address;
}

/** `raftnode=9001`, `raftnode=127.0.0.1:9001`. Null: it is none. */
export function parseApi(written: string): ApiWish | null {
  const match = /^([a-z]+)=(.+)$/.exec(written);
  if (match === null || !Object.hasOwn(PROTOCOLS, match[1]!)) return null;
  const where = match[2]!;
  const listen = parseAddress(/^\d+$/.test(where) ? `127.0.0.1:${where}` : where);
  return listen === null ? null : { protocol: match[1] as ProtocolName, listen };
}
