/** What `serve` is told: which source wins, and that no mistake in any of them is taken for a default. No process, no socket. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { KvMachine } from '@seedraft/kv';
import { describe, expect, test } from 'vitest';
import { nodeOptions } from '../../packages/seedraft/src/serve/node-options.ts';
import {
  environmentName,
  mergeSettings,
  SETTINGS,
  type Sources,
} from '../../packages/seedraft/src/serve/settings.ts';
import { readSettingsFile } from '../../packages/seedraft/src/serve/settings-file.ts';

const NOTHING: Sources = { flags: {}, environment: {}, file: null };
type Written = Partial<Omit<Sources, 'file'>> & { readonly file?: string };
const merge = ({ file, ...sources }: Written) =>
  mergeSettings({
    ...NOTHING,
    ...sources,
    file: file === undefined ? null : readSettingsFile('member.yaml', file),
  });
const start = (flags: Record<string, string>) => {
  const { settings, given } = merge({ flags });
  return nodeOptions(settings, given, () => new KvMachine());
};

describe('where a setting comes from', () => {
  test('a flag beats the environment, which beats the file, which beats the default', () => {
    const all = {
      flags: { data: 'from-flag' },
      environment: { SEEDRAFT_DATA: 'from-environment' },
      file: 'data: from-file',
    };
    expect(merge(all).settings.data).toBe('from-flag');
    expect(merge({ ...all, flags: {} }).settings.data).toBe('from-environment');
    expect(merge({ file: all.file }).settings.data).toBe('from-file');
    expect(merge({}).settings.data).toBe('seedraft-data');
    expect(merge({}).given.size).toBe(0);
  });

  test('every setting can be written in all three places, and means the same', () => {
    const samples: Record<string, string> = {
      '<text>': 'x',
      '<path>': './x',
      '': 'true',
      '<host:port>': '127.0.0.1:1',
      '<id=peer/client>': '1=a:1/a:2,2=b:1/b:2',
      '<protocol=[host:]port>': 'raftnode=9001',
      '<s3://bucket/prefix>': 's3://bucket/prefix/',
      '<origin>': 'http://localhost:3000',
      '<url>': 'http://127.0.0.1:9000',
      '<n>': '7',
      '<time>': '3s',
      '<size>': '5MiB',
    };
    for (const { name, kind } of SETTINGS) {
      const text = samples[kind.operand] ?? kind.operand.slice(1, -1).split('|')[0]!;
      const byFlag = merge({ flags: { [name]: text } });
      expect(byFlag.given, name).toEqual(new Set([name]));
      const others = [
        merge({ environment: { [environmentName(name)]: text } }),
        merge({ file: `${name}: ${JSON.stringify(text)}` }),
      ];
      for (const other of others) expect(other, name).toEqual(byFlag);
    }
  });

  test('a list may be a list in the file', () => {
    const { settings } = merge({ file: 'join: [a:1, b:2]' });
    expect(settings.join).toEqual(['a:1', 'b:2']);
  });
});

describe('a mistake names its place', () => {
  test.each([
    [
      'a flag',
      { flags: { 'peer-listen': 'nowhere' } },
      /^--peer-listen: "nowhere" is not host:port/,
    ],
    ['a variable', { environment: { SEEDRAFT_ID: '0' } }, /^SEEDRAFT_ID: "0" is not a whole/],
    ['a time without a unit', { flags: { 'election-timeout': '5' } }, /unit/],
    [
      'one backup for a prefix',
      { environment: { SEEDRAFT_BACKUP: 's3://b12/x.backup' } },
      /PREFIX/,
    ],
    [
      'credentials in a URL',
      { flags: { backup: 's3://key:word@b12/' } },
      /^(?!.*word).*without credentials/,
    ],
    ['an unknown variable', { environment: { SEEDRAFT_DATAS: 'x' } }, /SEEDRAFT_DATA\?$/],
    ['an unknown key', { file: 'peer-lisen: a:1' }, /mean peer-listen\?$/],
    ['a map for a value', { file: 'data: {a: 1}' }, /^member\.yaml, data: give a plain value/],
    ['a list for a file', { file: '- a' }, /name: value/],
    ['broken YAML', { file: 'data: [' }, /^member\.yaml: /],
  ] as const)('%s', (_, sources, message) => {
    expect(() => merge(sources as Written)).toThrow(message);
  });

  test('variables of other programs are no business of ours', () => {
    expect(() => merge({ environment: { PATH: '/', SEEDRAFT_TOKEN: 't' } })).not.toThrow();
  });
});

describe('settings that belong together', () => {
  test.each([
    [{ bootstrap: 'true', join: 'a:1', cluster: 'c' }, /give one of them/],
    [{ bootstrap: 'true' }, /--cluster NAME/],
    [{ cluster: 'c' }, /give --bootstrap too/],
    [{ id: '1' }, /goes with --bootstrap or with --join/],
    [{ bootstrap: 'true', cluster: 'c', members: '1=a:1/a:2,1=b:1/b:2', id: '1' }, /twice/],
    [{ bootstrap: 'true', cluster: 'c', members: '1=a:1/a:2,2=b:1/b:2', id: '3' }, /1, 2/],
    [{ 'peer-cert': 'x' }, /all of --peer-cert/],
    [{ 'peer-cert': 'x', 'secret-file': 'y' }, /give one/],
    [{ 'secret-file': '/nonexistent/secret' }, /^--secret-file \/nonexistent\/secret: ENOENT/],
  ])('%j is refused', (flags, message) => {
    expect(() => start(flags as Record<string, string>)).toThrow(message);
  });

  test('a cluster of one needs no list', () => {
    expect(start({ bootstrap: 'true', cluster: 'c' }).start).toEqual({
      how: 'bootstrap',
      clusterId: 'c',
      id: 1,
      members: [
        { id: 1, name: 'n1', peerAddress: '127.0.0.1:7400', clientAddress: '127.0.0.1:7401' },
      ],
    });
  });

  test('off loopback a member does not stand open to strangers unless told so', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'seedraft-settings-'));
    const secret = path.join(folder, 'secret');
    const tokens = path.join(folder, 'tokens');
    writeFileSync(secret, 'sixteen characters or more\n');
    writeFileSync(tokens, '# who\nread abc\nadmin def\n');
    const listen = { 'peer-listen': '0.0.0.0:7400' };
    expect(() => start(listen)).toThrow(/could vote/);
    expect(() => start({ 'client-listen': '0.0.0.0:7401' })).toThrow(/could write/);
    expect(start({ ...listen, insecure: 'true' }).security?.peers).toEqual({ kind: 'open' });
    const safe = {
      ...listen,
      'secret-file': secret,
      'client-listen': '0.0.0.0:1',
      'tokens-file': tokens,
    };
    expect(start(safe).security).toEqual({
      peers: { kind: 'secret', secret: 'sixteen characters or more' },
      clients: {
        tokens: [
          { token: 'abc', role: 'read' },
          { token: 'def', role: 'admin' },
        ],
      },
    });
    writeFileSync(tokens, 'root abc\n');
    expect(() => start(safe)).toThrow(/line 1: write a role/);
  });
});
