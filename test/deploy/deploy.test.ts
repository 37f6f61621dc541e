/** What stands in deploy/ agrees with the program: settings, verbs, figures. It cannot show that a Docker engine or a Kubernetes cluster likes it. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { metricsText } from '../../packages/seedraft/src/serve/metrics.ts';
import {
  environmentName,
  mergeSettings,
  SETTINGS,
} from '../../packages/seedraft/src/serve/settings.ts';
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
      readonly hostname: string;
      readonly build: { readonly context: string; readonly dockerfile: string };
      readonly volumes: readonly string[];
      readonly ports?: readonly string[];
    }
  >;
  readonly volumes: Record<string, object>;
  readonly secrets: Record<string, object>;
}

test.each([
  ['deploy/compose.yaml', 3],
  ['examples/compose-5/compose.yaml', 5],
])('%s: %i members that agree on who begins the cluster, each as itself', (file, count) => {
  const written = readFileSync(path.join(house, file), 'utf8');
  const { services, volumes, ...rest } = parse(written, { merge: true }) as Compose;
  const all = Object.values(services).map(({ environment }) => settingsOf(environment));
  expect(all.map(({ id }) => id)).toEqual(Array.from({ length: count }, (_, at) => at + 1));
  expect(new Set(all.map(({ members }) => members.join())).size).toBe(1);
  for (const settings of all) {
    const own = settings.members.find((one) => one.startsWith(`${settings.id}=`));
    expect(own).toBe(
      `${settings.id}=${settings['peer-advertise']}/${settings['client-advertise']}`,
    );
    expect(settings['secret-file']).not.toBe('');
    expect(settings['tokens-file']).not.toBe('');
  }
  for (const [name, service] of Object.entries(services)) {
    expect(service.hostname).toBe(name);
    expect(service.volumes).toEqual([`${name}:/data`]);
    const { context, dockerfile } = service.build;
    expect(existsSync(path.join(house, path.dirname(file), context, dockerfile))).toBe(true);
    // A port of the host is one container's, and of a container one that the member listens on.
    const served = [7401, 7402, ...(settingsOf(service.environment).api.length > 0 ? [8000] : [])];
    for (const port of service.ports ?? []) expect(served).toContain(Number(port.split(':')[2]));
  }
  expect(Object.keys(volumes)).toEqual(Object.keys(services));
  const hostPorts = Object.values(services).flatMap(({ ports = [] }) => ports);
  expect(new Set(hostPorts.map((port) => port.split(':')[1])).size).toBe(hostPorts.length);
  expect(Object.keys(rest.secrets)).toEqual(['secret', 'tokens']);
});

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
  const file = { name: 'member.yaml', text: text('member.yaml') };
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
  return { operands: operands.length, valued };
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
    const { operands, valued } = help.get(verb.join(' '))!;
    const rest = line.slice(verb.length);
    let given = 0;
    for (let at = 0; at < rest.length; at++) {
      const word = rest[at]!;
      if (!word.startsWith('--')) given++;
      else expect([...valued.keys()], line.join(' ')).toContain(word);
      if (valued.get(word) === true) at++;
    }
    expect(given, line.join(' ')).toBe(operands);
  }
}, 60_000);
