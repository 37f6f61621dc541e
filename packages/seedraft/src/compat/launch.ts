/**
 * What the launchers of all four systems share: a port that members, our clients and theirs come to, the member behind it, and its end. Each launcher says
 * only what its own command line means. They run open, as those systems do, after one loud line; SEEDRAFT_CLUSTER_SECRET closes them, and
 * SEEDRAFT_BACKUP backs them up; SEEDRAFT_API_ORIGIN names the web pages that may ask.
 */
import { rmSync } from 'node:fs';
import {
  MemberDoor,
  type Membership,
  type OpenedApi,
  openApi,
  openNativePort,
  type ProtocolName,
} from '@seedraft/api';
import { KvMachine } from '@seedraft/kv';
import {
  type Address,
  formatAddress,
  type NodeOptions,
  type RunningNode,
  type Start,
  startNode,
} from '@seedraft/node';
import { EXIT, UsageError } from '../exit-codes.ts';
import { leaderAsker } from '../serve/ask-leader.ts';
import type { BackupSchedule } from '../serve/backup-schedule.ts';
import { createLogger, eventWriter, type Logger } from '../serve/log.ts';
import { schedulesOfEnvironment } from '../serve/open-schedule.ts';
import { type ServeSettings, settingsOfEnvironment } from '../serve/settings.ts';
import { testingControls } from '../serve/testing.ts';
import { listenForStop } from '../serve/told-to-stop.ts';
import { LateMember } from './late-member.ts';

export interface Launch {
  readonly protocol: ProtocolName;
  /** Until the cluster says another. */
  readonly id: number;
  readonly name: string;
  /** Where members come, and our clients. */
  readonly listen: Address;
  /** Where clients of the protocol come; the same, as a rule. */
  readonly apiListen: Address;
  /** What the others know it by, where that is not what is listened on. */
  readonly advertised?: { readonly peer: string; readonly client: string };
  readonly directory: string;
  /** Null: it waits to be told of a cluster. */
  readonly start: Start | null;
  /** How it is told. */
  readonly waits?: string;
  /** Whom a member whose disk was wiped asks for a new place; empty: it is not taken back by itself. */
  readonly others: readonly string[];
  readonly raft?: NodeOptions['raft'];
  readonly logLevel: ServeSettings['log-level'];
  readonly answers?: 'head' | 'doc';
  readonly membership?: (launched: Launched) => Membership;
  /** Once the member runs. */
  readonly onStarted?: (launched: Launched) => Promise<void>;
}

/** A launcher at work, as its own parts see it. */
export interface Launched {
  readonly member: LateMember;
  readonly door: MemberDoor;
  readonly logger: Logger;
  readonly secret: string | null;
  begin(start: Start): Promise<string | null>;
}

/** Whoever tries a quick start waits for its first leader. */
const TIMEOUTS = { electionTimeoutMin: 500, electionTimeoutMax: 1000, heartbeatInterval: 100 };

const SECRET_VARIABLE = 'SEEDRAFT_CLUSTER_SECRET';
const SHORTEST_SECRET = 16;

export async function launch(plan: Launch): Promise<number> {
  const secret = process.env[SECRET_VARIABLE] ?? null;
  if (secret !== null && secret.length < SHORTEST_SECRET) {
    throw new UsageError(`${SECRET_VARIABLE}: give at least ${SHORTEST_SECRET} characters.`);
  }
  const settings = { 'log-level': plan.logLevel, 'log-format': 'text' } as const;
  const logger = createLogger(plan.name, settings);
  if (secret === null) {
    logger.warn(
      `OPEN TO EVERYBODY: whoever reaches ${formatAddress(plan.listen)} can vote, read, write and stop this member. Set ${SECRET_VARIABLE} on every member to close it.`,
    );
  }
  const origins = settingsOfEnvironment(['api-origin']).settings['api-origin'];
  const openSchedule = await schedulesOfEnvironment(logger);
  const { signal, told } = listenForStop();
  const launcher = new Launcher({ ...plan, origins }, secret, logger, openSchedule, signal);
  try {
    await launcher.open();
    if (plan.start !== null) {
      const why = await launcher.beginOrGoOn(plan.start);
      if (signal.aborted) return EXIT.interrupted;
      if (why !== null) throw new UsageError(why);
    } else logger.info(plan.waits ?? `member ${plan.id} waits to be told of a cluster`);
    const ended = await Promise.race([launcher.ended, told]);
    return ended === 'interrupted' || ended === 'STOPPED' ? EXIT.pass : EXIT.internal;
  } finally {
    await launcher.close();
  }
}

class Launcher implements Launched {
  readonly member: LateMember;
  readonly door: MemberDoor;
  readonly logger: Logger;
  readonly secret: string | null;
  readonly #plan: Launch & { readonly origins: readonly string[] };
  readonly #closing: (() => Promise<void>)[] = [];
  /** The code that the last member ended with. */
  readonly ended: Promise<string>;
  #end: (code: string) => void = () => {};
  #isClosing = false;
  readonly #openSchedule: () => Promise<BackupSchedule | null>;
  /** It is told to stop, maybe while a member starts. */
  readonly #signal: AbortSignal;
  #schedule: BackupSchedule | null = null;

  constructor(
    plan: Launch & { readonly origins: readonly string[] },
    secret: string | null,
    logger: Logger,
    openSchedule: () => Promise<BackupSchedule | null>,
    signal: AbortSignal,
  ) {
    this.#signal = signal;
    this.#plan = plan;
    this.#openSchedule = openSchedule;
    this.secret = secret;
    this.logger = logger;
    this.member = new LateMember(plan.id, plan.name);
    this.door = new MemberDoor(this.member, {
      askLeader: (request, within) =>
        leaderAsker(() => this.member.status(), { token: secret ?? '' })(request, within),
    });
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  async open(): Promise<void> {
    const { listen, apiListen } = this.#plan;
    const isShared = formatAddress(listen) === formatAddress(apiListen);
    try {
      if (!isShared) {
        const port = await openNativePort(listen, this.member.accept);
        this.#closing.push(() => port.stop());
      }
      const api = await this.#openApi(isShared);
      this.#closing.push(() => api.stop());
      this.logger.info(`speaks ${api.protocol} at ${api.address}`);
    } catch (error) {
      await this.close();
      throw new UsageError(`${(error as Error).message}. Is it running already?`);
    }
  }

  #openApi(isShared: boolean): Promise<OpenedApi> {
    const { protocol, apiListen, answers, membership, origins } = this.#plan;
    const { door, member, secret } = this;
    return openApi({
      protocol,
      listen: apiListen,
      door,
      native: member.accept,
      origins,
      isClientAddress: isShared || this.#plan.advertised !== undefined,
      access: (token) => (secret === null || token === secret ? 'admin' : 'none'),
      ...(answers && { answers }),
      ...(membership && { membership: membership(this) }),
      ...(secret === null && { testing: testingControls(() => member.node) }),
    });
  }

  get #advertised(): { readonly peer: string; readonly client: string } {
    const address = formatAddress(this.#plan.listen);
    return this.#plan.advertised ?? { peer: address, client: address };
  }

  /**
   * The same command line starts it for the first time and ever after: what the directory holds is started, also where it became another member than
   * it began as.
   */
  async beginOrGoOn(start: Start): Promise<string | null> {
    const why = await this.begin({ how: 'existing' });
    const { others, name } = this.#plan;
    if (why?.startsWith('DIRECTORY_EMPTY') === true) return await this.begin(start);
    if (why?.startsWith('JOIN_UNFINISHED') === true && others.length > 0) {
      return await this.begin({ how: 'join', endpoints: others, name, ...this.#token });
    }
    if (why !== null || start.how !== 'bootstrap') return why;
    const { clusterId } = this.member.status();
    if (clusterId === start.clusterId) return null;
    return `The data in ${this.#plan.directory} is of another set of members: give every member the same list that the cluster began with.`;
  }

  get #token(): { readonly token?: string } {
    return this.secret === null ? {} : { token: this.secret };
  }

  /** Null: it runs. Otherwise why not. */
  async begin(start: Start): Promise<string | null> {
    const { directory, raft } = this.#plan;
    const { secret } = this;
    const schedule = await this.#openSchedule();
    const write = eventWriter(this.logger);
    const started = await startNode({
      directory,
      machine: () => new KvMachine(),
      peerListen: null,
      clientListen: null,
      advertise: this.#advertised,
      start,
      signal: this.#signal,
      raft: { ...TIMEOUTS, ...raft, forwardProposals: true },
      security: {
        ...(secret !== null && {
          peers: { kind: 'secret', secret } as const,
          clients: { tokens: [{ token: secret, role: 'admin' as const }] },
        }),
      },
      log: (event) => {
        write(event);
        schedule?.heard(event);
      },
    });
    if (!started.ok) {
      await schedule?.stop();
      return `${started.code}: ${started.sentence}`;
    }
    // That of the member before this one.
    await this.#schedule?.stop();
    this.#schedule = schedule;
    schedule?.begin(started.node);
    this.#attach(started.node);
    return null;
  }

  #attach(node: RunningNode): void {
    this.member.attach(node);
    this.#plan.onStarted?.(this).catch((error: unknown) => this.logger.error(String(error)));
    node.stopped
      .then(async ({ code }) => {
        const isWiped = code === 'MEMBER_WIPED' && this.#plan.others.length > 0;
        if (isWiped && !this.#isClosing) await this.#rejoin();
        else this.#end(code);
      })
      .catch((error: unknown) => {
        this.logger.error(String(error));
        this.#end('INTERNAL_ERROR');
      });
  }

  /**
   * The directory that the others knew is gone, and with it what this member had promised. It never acts as that member again: it asks for a new
   * place, and when it has a vote there the old one is given up.
   */
  async #rejoin(): Promise<void> {
    const { directory, others, name } = this.#plan;
    this.logger.warn('the data of this member was lost: it joins anew, as another member');
    rmSync(directory, { recursive: true, force: true });
    const why = await this.begin({ how: 'join', endpoints: others, name, ...this.#token });
    if (why !== null) {
      if (!this.#signal.aborted) this.logger.error(why);
      this.#end('JOIN_FAILED');
      return;
    }
    await this.#giveUpOldPlaces(this.#advertised.peer);
  }

  async #giveUpOldPlaces(address: string): Promise<void> {
    for (;;) {
      const { id, configuration } = this.member.status();
      const isVoter = configuration.members.some((one) => one.id === id && one.role === 'voter');
      const old = configuration.members.find((one) => one.id !== id && one.peerAddress === address);
      if (isVoter && old === undefined) return;
      if (isVoter && old !== undefined) {
        await this.door.ask({
          type: 'ChangeMembership',
          mode: 'single',
          changes: [{ type: 'remove', id: old.id }],
        });
      }
      if (this.#isClosing) return;
      await new Promise((resolve) => setTimeout(resolve, REJOIN_LOOK_MS));
    }
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#schedule?.stop();
    // Clients first: what they have open is answered. Members stay connected until the member itself has handed over.
    await Promise.all(this.#closing.splice(0).map((close) => close()));
    await this.member.node?.stop();
  }
}

const REJOIN_LOOK_MS = 200;
