/**
 * Who changes the membership: one operator, who finishes one thing before beginning another, and asks again until it is done. That is what
 * makes a wipe survivable: a disk may be lost only while no other is, no change is under way or in doubt, and the rest are a majority; and it is made good
 * only when the configuration without the lost member is committed.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, SeedraftError } from '@seedraft/client';
import type { Configuration } from '@seedraft/core';
import type { ChaosCluster } from './cluster.ts';
import type { ChaosMember } from './member.ts';
import { reach } from './stores/native.ts';

const AGAIN_MS = 200;
const CALL_MS = 3000;

export class Operator {
  readonly #cluster: ChaosCluster;
  readonly #signal: AbortSignal;
  readonly #tell: (sentence: string) => void;
  #work: Promise<void> | null = null;
  #failure: unknown = null;
  /** Lost for good and not replaced yet; at most one. */
  #lost: ChaosMember | null = null;

  /** `signal`: ends whatever is under way. */
  constructor(cluster: ChaosCluster, signal: AbortSignal, tell: (sentence: string) => void) {
    this.#cluster = cluster;
    this.#signal = signal;
    this.#tell = tell;
  }

  get isBusy(): boolean {
    return this.#work !== null;
  }

  get lost(): ChaosMember | null {
    return this.#lost;
  }

  /** Resolves when nothing is under way; rejects when something failed that no asking again can mend. */
  async idle(): Promise<void> {
    await this.#work;
    if (this.#failure !== null) throw this.#failure;
  }

  /** May this member's disk be lost now? */
  permitsLoss(member: ChaosMember): boolean {
    const configuration = this.#cluster.leader?.told?.configuration;
    if (this.isBusy || configuration === undefined || configuration.outgoing !== null) return false;
    const voters = configuration.members.filter(({ role }) => role === 'voter');
    return voters.length >= 3 && configuration.members.some(({ id }) => id === member.id);
  }

  // --------------------------------------------------------------------------------------------------------------- procedures

  /** `asLearner`: it stays one. */
  add(asLearner: boolean): void {
    this.#begin(async () => {
      const joined = await this.#cluster.join(asLearner ? ['--learner'] : []);
      const wanted = asLearner ? 'learner' : 'voter';
      await this.#until((configuration) => roleIn(configuration, joined) === wanted);
      this.#tell(`${joined.name} is in, as a ${wanted} with id ${joined.id}`);
    });
  }

  remove(leaving: ChaosMember): void {
    this.#begin(() => this.#remove(leaving));
  }

  replace(leaving: ChaosMember): void {
    this.#begin(async () => {
      const joined = await this.#cluster.join(['--learner']);
      await this.#takePlace(leaving, joined);
    });
  }

  /** Its disk is lost now; `rejoin` ms later a new member takes its place. */
  wipe(victim: ChaosMember, rejoin: number): void {
    this.#lost = victim;
    this.#begin(async () => {
      const role = roleIn(this.#cluster.leader?.told?.configuration ?? null, victim);
      await this.#cluster.wipe(victim);
      await sleep(rejoin, undefined, { signal: this.#signal });
      const joined = await this.#cluster.join(['--learner']);
      if (role === 'voter') await this.#takePlace(victim, joined);
      else await this.#remove(victim);
      this.#lost = null;
    });
  }

  change(what: 'promote' | 'demote', member: ChaosMember): void {
    const wanted = what === 'promote' ? 'voter' : 'learner';
    this.#begin(() =>
      this.#insist(
        (client) => client.members[what](member.id),
        (configuration) => roleIn(configuration, member) === wanted,
      ),
    );
  }

  async #takePlace(leaving: ChaosMember, joined: ChaosMember): Promise<void> {
    leaving.isLeaving = true;
    await this.#insist(
      (client) => client.members.replace(leaving.id, joined.id),
      (configuration) =>
        roleIn(configuration, leaving) === null && roleIn(configuration, joined) === 'voter',
    );
    this.#cluster.dismiss(leaving);
    this.#tell(`${joined.name} has taken the place of ${leaving.name}, with id ${joined.id}`);
  }

  async #remove(leaving: ChaosMember): Promise<void> {
    leaving.isLeaving = true;
    await this.#insist(
      (client) => client.members.remove(leaving.id),
      (configuration) => roleIn(configuration, leaving) === null,
    );
    this.#cluster.dismiss(leaving);
    this.#tell(`${leaving.name} is removed`);
  }

  // --------------------------------------------------------------------------------------------------------------- persistence

  #begin(procedure: () => Promise<void>): void {
    if (this.#work !== null) throw new Error('the operator does one thing at a time');
    this.#work = procedure()
      .catch((error: unknown) => {
        if (!this.#signal.aborted) this.#failure = error;
      })
      .finally(() => {
        this.#work = null;
      });
  }

  #until(isDone: (configuration: Configuration) => boolean): Promise<void> {
    return this.#insist(null, isDone);
  }

  /** Asks until the change is made, by this or by an earlier asking whose answer was lost. */
  async #insist(
    ask: ((client: Client) => Promise<void>) | null,
    isDone: (configuration: Configuration) => boolean,
  ): Promise<void> {
    for (;;) {
      const client = await reach(this.#cluster.endpoints, CALL_MS);
      try {
        if (client !== null && (await this.#attempt(client, ask, isDone))) return;
      } catch (error) {
        if (!(error instanceof SeedraftError)) throw error;
      } finally {
        await client?.close({ within: 0 });
      }
      await sleep(AGAIN_MS, undefined, { signal: this.#signal });
    }
  }

  async #attempt(
    client: Client,
    ask: ((client: Client) => Promise<void>) | null,
    isDone: (configuration: Configuration) => boolean,
  ): Promise<boolean> {
    try {
      if (ask !== null) {
        await ask(client);
        return true;
      }
    } catch (error) {
      if (!(error instanceof SeedraftError)) throw error;
    }
    return this.#isCommitted(client, isDone);
  }

  /**
   * A configuration counts from the moment it is in a log, and may be undone until it is committed. It is, once the leader that showed it
   * commits a later entry of its own term.
   */
  async #isCommitted(
    client: Client,
    isDone: (configuration: Configuration) => boolean,
  ): Promise<boolean> {
    await this.#cluster.refresh();
    const before = this.#cluster.leader;
    if (!before?.told || before.told.configuration.outgoing !== null) return false;
    if (!isDone(before.told.configuration)) return false;
    const { term, lastIndex } = before.told;
    await client.kv('operator').put('look', lastIndex);
    const after = await client.status({ address: before.local.client });
    return after.role === 'leader' && after.term === term && after.commitIndex > lastIndex;
  }
}

function roleIn(configuration: Configuration | null, { id }: ChaosMember) {
  return configuration?.members.find((member) => member.id === id)?.role ?? null;
}
