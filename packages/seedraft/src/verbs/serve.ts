/** `seedraft serve`: one member of a cluster with the built-in key-value machine, until it is told to stop. A thin layer over `startNode`. */
import { readFileSync } from 'node:fs';
import { KvMachine } from '@seedraft/kv';
import { type NodeEvent, type NodeOptions, type RunningNode, startNode } from '@seedraft/node';
import { type Command, Option } from 'commander';
import { EXIT, UsageError } from '../exit-codes.ts';
import type { ReadyMessage } from '../local-cluster/process-member.ts';
import type { Apis } from '../serve/apis.ts';
import type { BackupSchedule } from '../serve/backup-schedule.ts';
import { type HttpDoor, openHttpDoor } from '../serve/http.ts';
import { createLogger, describeEvent, eventWriter, type Logger } from '../serve/log.ts';
import { apiPorts, nodeOptions, tlsMaterial } from '../serve/node-options.ts';
import {
  BACKUP_SETTINGS,
  mergeSettings,
  SETTINGS,
  type ServeSettings,
  type SettingName,
  type SettingsFile,
} from '../serve/settings.ts';
import { listenForStop, type ToldToStop } from '../serve/told-to-stop.ts';
import { setV8Flags } from '../serve/v8-flags.ts';
import { examples } from './examples.ts';

/** Codes of `startNode` that a person can do something about at the command line. */
const USAGE_CODES: readonly string[] = [
  'INVALID_OPTIONS',
  'DIRECTORY_EMPTY',
  'DIRECTORY_LOCKED',
  'DIRECTORY_UNUSABLE',
  'IDENTITY_MISMATCH',
  'JOIN_UNFINISHED',
  'FORMAT_NEWER',
  'PORT_TAKEN',
  'PORT_FORBIDDEN',
  'ADDRESS_UNKNOWN',
];

export function addServe(program: Command, finish: (code: number) => void): void {
  const verb = program
    .command('serve')
    .summary('run one member of a cluster')
    .description(
      'Runs a member until SIGTERM or Ctrl-C; then it hands leadership over, lets clients finish and ends within 10 s. ' +
        'Every setting is also an environment variable (SEEDRAFT_PEER_LISTEN) and a key of the file (peer-listen: ...); a flag beats the ' +
        'environment, which beats the file. SIGHUP reads certificates again.',
    )
    .option('--config <file>', 'a YAML file of settings (or SEEDRAFT_CONFIG)');
  for (const { name, kind, help, fallback } of SETTINGS) {
    const shown =
      typeof fallback === 'object' || fallback === '' || fallback === false || fallback === 0;
    const note = shown ? '' : ` (default: ${kind.show?.(fallback) ?? fallback})`;
    const option = new Option(
      `--${name}${kind.operand === '' ? '' : ` ${kind.operand}`}`,
      help + note,
    );
    if (kind.isMany)
      option.argParser((text: string, before?: string) =>
        before === undefined ? text : `${before},${text}`,
      );
    verb.addOption(option);
  }
  verb
    .addHelpText(
      'after',
      examples(
        ['serve --bootstrap --cluster blue --data d1', 'a cluster of one; others can join it'],
        [
          'serve --join 127.0.0.1:7401 --data d2 --peer-listen 127.0.0.1:7410 ...',
          'one more member',
        ],
        [
          'serve --data d1 --backup s3://backups/seedraft/ --backup-every 6h --backup-keep 28',
          'and a week of backups; on every member alike',
        ],
        ['serve --config member.yaml', 'settings from a file'],
      ),
    )
    .action(async (_: unknown, command: Command) => {
      try {
        finish(await serve(command));
      } finally {
        // Listening for the parent's end keeps the process alive, however it came to its own.
        if (process.connected) process.disconnect();
      }
    });
}

async function serve(command: Command): Promise<number> {
  setV8Flags();
  const { settings, given } = mergeSettings({
    flags: flagTexts(command),
    environment: process.env,
    file: await configFile(command),
  });
  const options = nodeOptions(settings, given, () => new KvMachine());
  const logger = createLogger(settings.name === '' ? 'seedraft' : settings.name, settings);
  const schedule = await scheduleOf(settings, given, logger);
  const stop = listenForStop();
  const serving: Serving = { settings, logger, schedule, startUp: new StartUp() };
  const http = await httpDoor(serving);
  if (http === 'failed') return EXIT.usage;
  try {
    return await startAndRun(options, serving, http, stop);
  } finally {
    await schedule?.stop();
    await http?.close();
  }
}

// What not every member does is loaded by those that do it: a third of the time to start.

async function scheduleOf(
  settings: ServeSettings,
  given: ReadonlySet<SettingName>,
  logger: Logger,
): Promise<BackupSchedule | null> {
  if (!BACKUP_SETTINGS.some((name) => given.has(name))) return null;
  const { openSchedule } = await import('../serve/open-schedule.ts');
  return openSchedule(settings, given, logger);
}

async function apisOf(
  node: RunningNode,
  settings: ServeSettings,
  logger: Logger,
): Promise<Apis | 'failed'> {
  if (settings.api.length === 0) return { addresses: {}, stop: () => Promise.resolve() };
  const { openApis } = await import('../serve/apis.ts');
  try {
    const apis = await openApis(node, apiPorts(settings));
    for (const [protocol, address] of Object.entries(apis.addresses)) {
      logger.info({ protocol, address }, `speaks ${protocol} at ${address}`);
    }
    return apis;
  } catch (error) {
    logger.error(`--api, ${(error as Error).message}`);
    return 'failed';
  }
}

async function startAndRun(
  options: NodeOptions,
  serving: Serving,
  http: HttpDoor | null,
  { signal, told }: ToldToStop,
): Promise<number> {
  const { logger, schedule, startUp } = serving;
  const write = eventWriter(logger);
  const started = await startNode({
    ...options,
    signal,
    log: (event) => {
      write(event);
      startUp.heard(event);
      schedule?.heard(event);
    },
  });
  if (!started.ok) {
    if (started.code === 'INTERRUPTED') return EXIT.interrupted;
    if (USAGE_CODES.includes(started.code))
      throw new UsageError(`${started.code}: ${started.sentence}`);
    logger.error({ code: started.code }, started.sentence);
    return EXIT.internal;
  }
  startUp.node = started.node;
  return await run(started.node, serving, http, told);
}

/** What whoever watches is told of a member that is still starting. */
class StartUp {
  node: RunningNode | null = null;
  sentence = 'starting: opens its data directory';

  heard(event: NodeEvent): void {
    if (this.node === null) this.sentence = `starting: ${describeEvent(event)}`;
  }
}

/** What a member is run with. */
interface Serving {
  readonly settings: ServeSettings;
  readonly logger: Logger;
  readonly schedule: BackupSchedule | null;
  readonly startUp: StartUp;
}

async function run(
  node: RunningNode,
  { settings, logger, schedule }: Serving,
  http: HttpDoor | null,
  interrupted: Promise<'interrupted'>,
): Promise<number> {
  const apis = await apisOf(node, settings, logger);
  if (apis === 'failed') {
    await node.stop();
    return EXIT.usage;
  }
  const reload = (): void => reloadCertificates(node, settings, logger);
  process.on('SIGHUP', reload);
  schedule?.begin(node);
  tellParent(node, http, apis);
  try {
    const first = await Promise.race([node.stopped, interrupted]);
    if (first === 'interrupted') {
      await schedule?.stop();
      await apis.stop();
      await node.stop();
      return EXIT.pass;
    }
    return first.code === 'STOPPED' ? EXIT.pass : EXIT.internal;
  } finally {
    process.off('SIGHUP', reload);
    await schedule?.stop();
    await apis.stop();
  }
}

async function httpDoor({
  settings,
  logger,
  schedule,
  startUp,
}: Serving): Promise<HttpDoor | null | 'failed'> {
  const address = settings['http-listen'];
  if (address === null) return null;
  try {
    const door = await openHttpDoor(address, {
      node: () => startUp.node,
      starting: () => startUp.sentence,
      backups: () => schedule?.figures ?? null,
    });
    logger.info({ address: door.address }, `figures at http://${door.address}/metrics`);
    return door;
  } catch (error) {
    logger.error(`--http-listen: ${(error as Error).message}. Give another, or off.`);
    return 'failed';
  }
}

function reloadCertificates(node: RunningNode, settings: ServeSettings, logger: Logger): void {
  try {
    node.reloadTls(tlsMaterial(settings));
    logger.info('certificates are read again');
  } catch (error) {
    logger.error(`the old certificates stay: ${(error as Error).message}`);
  }
}

/** `cluster up` and `chaos` wait for this. A member whose parent is gone has nobody who would ever stop it, so it stops by itself. */
function tellParent(node: RunningNode, http: HttpDoor | null, apis: Apis): void {
  if (process.send === undefined) return;
  const { id, peerAddress, clientAddress } = node;
  const ready: ReadyMessage = {
    type: 'ready',
    id,
    peerAddress,
    clientAddress,
    httpAddress: http?.address ?? '',
    apis: apis.addresses,
  };
  process.send(ready);
}

/** As they were written, by setting. */
function flagTexts(command: Command): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const option of command.options) {
    const name = option.long!.slice(2);
    const value: unknown = command.getOptionValue(option.attributeName());
    if (name === 'config' || value === undefined) continue;
    texts[name] = String(value);
  }
  return texts;
}

async function configFile(command: Command): Promise<SettingsFile | null> {
  const name =
    (command.getOptionValue('config') as string | undefined) ?? process.env.SEEDRAFT_CONFIG;
  if (name === undefined) return null;
  let text: string;
  try {
    text = readFileSync(name, 'utf8');
  } catch (error) {
    throw new UsageError(`--config ${name}: ${(error as Error).message}`);
  }
  const { readSettingsFile } = await import('../serve/settings-file.ts');
  return readSettingsFile(name, text);
}
