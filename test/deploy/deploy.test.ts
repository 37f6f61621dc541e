/** What stands in deploy/ agrees with the program: settings, verbs, figures. It cannot show that a Docker engine or a Kubernetes cluster likes it. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { KvMachine } from '@seedraft/kv';
import { formatAddress, startNode } from '@seedraft/node';
import { expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { openApis } from '../../packages/seedraft/src/serve/apis.ts';
import { metricsText } from '../../packages/seedraft/src/serve/metrics.ts';
import { apiPorts, nodeOptions } from '../../packages/seedraft/src/serve/node-options.ts';
import {
  environmentName,
  mergeSettings,
  SETTINGS,
  type SettingName,
} from '../../packages/seedraft/src/serve/settings.ts';
import { readSettingsFile } from '../../packages/seedraft/src/serve/settings-file.ts';
import { freePorts } from '../node/free-ports.ts';
import { NO_BACKUPS, NO_METRICS } from './no-metrics.ts';

const house = fileURLToPath(new URL('../..', import.meta.url));
const text = (name: string) => readFileSync(path.join(house, 'deploy', name), 'utf8');
const flags = SETTINGS.map(({ name }) => `--${name}`);

/** Throws for a variable or value that `serve` would refuse. */
function settingsOf(environment: Record<string, string>) {
  return mergeSettings({ flags: {}, environment, file: null }).settings;
}

interface Compose {
  readonly services: Record<
    string,
    {
      readonly environment: Record<string, string>;
      readonly build: { readonly context: string; readonly dockerfile: string };
      readonly volumes: readonly string[];
    }
  >;
  readonly volumes: Record<string, object>;
}

const compose = (file: string) =>
  parse(readFileSync(path.join(house, file), 'utf8'), { merge: true }) as Compose;

test.each([
  ['deploy/compose.yaml', 3, true],
  ['examples/compose-5/compose.yaml', 5, false],
])(
  '%s: %i members that agree on who begins the cluster, each as itself',
  (file, count, isSecret) => {
    const { services, volumes } = compose(file);
    const all = Object.values(services).map(({ environment }) => settingsOf(environment));
    expect(all.map(({ id }) => id)).toEqual(Array.from({ length: count }, (_, at) => at + 1));
    expect(new Set(all.map(({ members }) => members.join())).size).toBe(1);
    for (const settings of all) {
      const own = settings.members.find((one) => one.startsWith(`${settings.id}=`));
      const peer = settings['peer-advertise'] || formatAddress(settings['peer-listen']);
      const client = settings['client-advertise'] || formatAddress(settings['client-listen']!);
      expect(own).toBe(`${settings.id}=${peer}/${client}`);
      expect(settings['secret-file'] !== '').toBe(isSecret);
      // Without secrets loopback alone: else this throws, as `serve` would.
      if (!isSecret) nodeOptions(settings, new Set(), () => new KvMachine());
    }
    for (const [name, { build, volumes: mounted }] of Object.entries(services)) {
      expect(mounted).toEqual([`${name}:/data`]);
      const dockerfile = path.join(house, path.dirname(file), build.context, build.dockerfile);
      expect(existsSync(dockerfile)).toBe(true);
    }
    expect(Object.keys(volumes)).toEqual(Object.keys(services));
  },
);

test("examples/compose-5: its members, started without containers, serve distraft's clients at five ports", {
  timeout: 60_000,
}, async () => {
  const first = await freePorts(20);
  // 7411, 7421, 7431 and 5001 and so on, each moved to where nobody listens.
  const moved = (text: string) =>
    text.replaceAll(/(?<=127\.0\.0\.1:)(74|50)(\d)(\d)/g, (_, kind, row, id) =>
      String(first + 5 * (kind === '50' ? 3 : Number(row) - 1) + Number(id) - 1),
    );
  const { services } = compose('examples/compose-5/compose.yaml');
  const folder = mkdtempSync(path.join(tmpdir(), 'seedraft-compose-'));
  const members = [];
  try {
    for (const { environment } of Object.values(services)) {
      const own = Object.entries(environment).map(([name, value]) => [name, moved(value)]);
      const settings = settingsOf(Object.fromEntries(own));
      const given = new Set<SettingName>(['cluster', 'members']);
      const options = nodeOptions(settings, given, () => new KvMachine());
      const started = await startNode({ ...options, directory: `${folder}/${settings.id}` });
      if (!started.ok) throw new Error(started.sentence);
      const apis = await openApis(started.node, apiPorts(settings));
      members.push({ node: started.node, apis, site: `http://${apis.addresses.distraft}` });
    }
    const [one, two] = members;
    const written = await curl(`${two!.site}/name`, { value: 'Fred' });
    expect(written).toEqual({ ok: true, key: 'name', value: 'Fred' });
    for (const { node, apis } of [one!, two!]) await apis.stop().then(() => node.stop());
    for (const { site } of members.slice(2)) {
      expect(await curl(`${site}/name`)).toMatchObject({ value: 'Fred' });
    }
    expect(await curl(`${members[2]!.site}/stop`)).toMatchObject({ ok: true });
  } finally {
    await Promise.all(members.map(({ node, apis }) => apis.stop().then(() => node.stop())));
    rmSync(folder, { recursive: true });
  }
});

/** As `curl -L` would, until a leader is found: it may be one that is gone, as long as no other is elected. */
async function curl(url: string, form?: Record<string, string>): Promise<unknown> {
  for (;;) {
    const sent = form && { method: 'POST', body: new URLSearchParams(form) };
    const response = await fetch(url, sent).catch(() => null);
    const answer = (await response?.json()) as { error?: string } | undefined;
    if (answer !== undefined && answer.error !== 'no leader') return answer;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test('Kubernetes: the flags and variables of the container are settings; ports and probes are where the member has them', () => {
  const documents = parseAllDocuments(text('kubernetes.yaml')).map((one) => one.toJS());
  expect(documents.map(({ kind }) => kind)).toEqual([
    'Service',
    'Service',
    'PodDisruptionBudget',
    'StatefulSet',
  ]);
  const { spec } = documents[3];
  const [container] = spec.template.spec.containers;
  const environment = Object.fromEntries(
    container.env.map(({ name, value }: { name: string; value: string }) => [name, value]),
  );
  const settings = settingsOf(environment);
  expect(settings.members).toHaveLength(spec.replicas);
  const used = container.args[0].match(/--[a-z-]+/g);
  expect(used.filter((flag: string) => !flags.includes(flag))).toEqual([]);
  const ports = Object.fromEntries(
    container.ports.map((one: { name: string; containerPort: number }) => [
      one.name,
      one.containerPort,
    ]),
  );
  expect(settings['peer-listen'].port).toBe(ports.peer);
  expect(settings['client-listen']?.port).toBe(ports.client);
  expect(settings['http-listen']?.port).toBe(ports.http);
  expect(container.readinessProbe.httpGet).toEqual({ path: '/readyz', port: 'http' });
  expect(spec.template.spec.terminationGracePeriodSeconds).toBeGreaterThan(10);
  // A service's name in SEEDRAFT_PORT would be refused as a misspelt setting.
  expect(spec.template.spec.enableServiceLinks).toBe(false);
});

test('systemd: what it starts is a line of ours, and its settings file is read', () => {
  const [, start] = /^ExecStart=\S+ serve (.*)$/m.exec(text('seedraft.service'))!;
  expect(
    start!.match(/--[a-z-]+/g)!.filter((flag) => !['--config', ...flags].includes(flag)),
  ).toEqual([]);
  const file = readSettingsFile('member.yaml', text('member.yaml'));
  const { settings } = mergeSettings({ flags: {}, environment: {}, file });
  expect(settings.members).toHaveLength(3);
});

test('the image is made of files that are there, and set up with settings that are', () => {
  const lines = text('Dockerfile').split('\n');
  const copied = lines
    .filter((line) => /^COPY (?!--from)/.test(line))
    .flatMap((line) => line.split(' ').slice(1, -1));
  expect(copied.filter((name) => !existsSync(path.join(house, name)))).toEqual([]);
  const variables = text('Dockerfile').match(/SEEDRAFT_[A-Z_]+/g)!;
  const known = SETTINGS.map(({ name }) => environmentName(name));
  expect(variables.filter((name) => !known.includes(name))).toEqual([]);
});

test('every figure in the alerts and on the board is one that a member prints', async () => {
  const page = await metricsText(NO_METRICS, NO_BACKUPS);
  const printed = new Set(
    page.match(/^# TYPE (\S+)/gm)!.map((line) => line.slice('# TYPE '.length)),
  );
  const board = JSON.parse(text('grafana-board.json')) as {
    panels: { targets: { expr: string }[] }[];
  };
  const rules = parse(text('prometheus-rules.yaml')) as { groups: { rules: { expr: string }[] }[] };
  const shown = [
    ...board.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
    ...rules.groups.flatMap((group) => group.rules.map(({ expr }) => expr)),
  ];
  const named = shown.flatMap((expr) => expr.match(/seedraft_[a-z0-9_]+/g) ?? []);
  expect(named.length).toBeGreaterThan(20);
  expect(
    named.map((name) => name.replace(/_bucket$/, '')).filter((name) => !printed.has(name)),
  ).toEqual([]);
});

/** What `--help` of these verbs says: its usage line and its flags, those that take a value apart. */
async function helpOf(verbs: readonly string[]) {
  const bin = path.join(house, 'packages', 'seedraft', 'bin', 'seedraft.js');
  const { stdout } = await promisify(execFile)(process.execPath, [bin, ...verbs, '--help']);
  const operands = /^Usage: .*$/m.exec(stdout)![0].match(/<[^>]+>/g) ?? [];
  const options = [...stdout.matchAll(/^ +(?:-\w, )?(--[a-z-]+)( <)?/gm)];
  const valued = new Map(options.map(([, flag, value]) => [flag, value !== undefined]));
  return { operands: operands.length, takesMore: operands.at(-1)?.endsWith('...>'), valued };
}

test('for bad days: every line is a verb with its flags and as many operands as it takes', async () => {
  const blocks = text('README.md').matchAll(/^```sh\n([\s\S]*?)^```/gm);
  const lines = [...blocks].flatMap(([, block]) => block!.trim().split('\n'));
  expect(lines.length).toBeGreaterThan(10);
  const words = lines.map((line) => line.split(' ').slice(1));
  const verbOf = ([first, second]: readonly string[]) =>
    first === 'debug' || first === 'member' ? [first, second!] : [first!];
  const names = [...new Set(words.map((line) => verbOf(line).join(' ')))];
  const help = new Map(
    await Promise.all(names.map(async (name) => [name, await helpOf(name.split(' '))] as const)),
  );
  for (const line of words) {
    const verb = verbOf(line);
    const { operands, takesMore, valued } = help.get(verb.join(' '))!;
    const rest = line.slice(verb.length);
    let given = 0;
    for (let at = 0; at < rest.length; at++) {
      const word = rest[at]!;
      if (!word.startsWith('--')) given++;
      else expect([...valued.keys()], line.join(' ')).toContain(word);
      if (valued.get(word) === true) at++;
    }
    expect(takesMore ? Math.min(given, operands) : given, line.join(' ')).toBe(operands);
  }
}, 60_000);
