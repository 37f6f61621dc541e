/**
 * Backups by themselves: whoever leads makes one when it is due. When that is, the store knows and nobody else: a new leader looks there for the last one of its
 * cluster, so none is missed and, as long as there is one leader, none is made twice. Whoever leads no more gives up what is under way. Kept: an object
 * counts once every byte was read back; older ones are deleted only after that.
 */
import { setImmediate as aTurn, setTimeout as pause } from 'node:timers/promises';
import type { NodeEvent, RunningNode } from '@seedraft/node';
import {
  isFlaw,
  lineageOf,
  type Retention,
  type S3Backups,
  type StoredBackup,
} from '../s3/backups.ts';
import { S3Failure } from '../s3/failure.ts';
import type { Logger } from './log.ts';

/** At one moment; of this member, save `lastSuccess` and `bytes`, which a leader also knows of backups by others. */
export interface BackupFigures {
  /** By whichever clock says so, ms since 1970; 0: none is known. */
  readonly lastSuccess: number;
  /** Where that one is. */
  readonly url: string;
  readonly bytes: number;
  /** Of the last one made here, ms. */
  readonly duration: number;
  readonly failuresTotal: number;
  /** '' unless the last try failed. */
  readonly failure: string;
  /** ms. */
  readonly interval: number;
}

export interface BackupPlan {
  /** ms. */
  readonly every: number;
  /** 0: all. */
  readonly keep: number;
}

/** However long there is to wait: somebody may have made one by hand. */
const LOOK_MS = 3_600_000;
/** How long an upload that is given up may hold a stop. */
const STOP_MS = 2000;

export class BackupSchedule {
  readonly #backups: S3Backups;
  readonly #plan: BackupPlan;
  readonly #logger: Logger;
  #figures: BackupFigures;
  #node: RunningNode | null = null;
  #isLeader = false;
  /** While this member leads. */
  #leading: AbortController | null = null;
  #work: Promise<void> = Promise.resolve();
  /** The newest one that was looked at, and by our own clock when the next is due. */
  #newest: { readonly key: string; readonly due: number } | null = null;
  #warnedOf = '';

  constructor(backups: S3Backups, plan: BackupPlan, logger: Logger) {
    this.#backups = backups;
    this.#plan = plan;
    this.#logger = logger;
    const none = { lastSuccess: 0, url: '', bytes: 0, duration: 0, failuresTotal: 0, failure: '' };
    this.#figures = { ...none, interval: plan.every };
  }

  get figures(): BackupFigures {
    return this.#figures;
  }

  /** What the member says of itself; may come before `begin`. */
  heard(event: NodeEvent): void {
    if (event.type !== 'Raft' || event.event.type !== 'BecameRole') return;
    this.#isLeader = event.event.role === 'leader';
    this.#settle();
  }

  begin(node: RunningNode): void {
    this.#node = node;
    this.#settle();
    // A follower that could not reach the store would be found out only when it leads.
    if (!this.#isLeader) this.#work = this.#look(node);
  }

  /** What is under way is given up. */
  async stop(): Promise<void> {
    this.#node = null;
    this.#settle();
    await Promise.race([this.#work, pause(STOP_MS, undefined, { ref: false })]);
    this.#backups.bucket.close();
  }

  #settle(): void {
    const node = this.#isLeader ? this.#node : null;
    if ((node !== null) === (this.#leading !== null)) return;
    this.#leading?.abort();
    this.#leading = node === null ? null : new AbortController();
    if (node !== null) this.#work = this.#lead(node, this.#leading!.signal);
  }

  async #look(node: RunningNode): Promise<void> {
    try {
      const { newest } = await this.#newestOwn(node);
      if (newest !== null) this.#note(newest);
    } catch (error) {
      this.#failed(error, 'it would be tried again when this member leads');
    }
  }

  async #lead(node: RunningNode, signal: AbortSignal): Promise<void> {
    // Whoever told of the role is in the middle of a step.
    await aTurn();
    for (let failures = 0; !signal.aborted; ) {
      try {
        const wait = await this.#untilDue(node, signal);
        if (wait <= 0) await this.#backUp(node, signal);
        else await unlessAborted(Math.min(wait, LOOK_MS), signal);
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        const patience = this.#patience(failures++);
        this.#failed(error, `the next try is in ${seconds(patience)}`);
        await unlessAborted(patience, signal);
      }
    }
  }

  /** ms after so many failures in a row: twice as long each time, from seconds to minutes, and never as long as the interval. */
  #patience(failures: number): number {
    const { every } = this.#plan;
    const least = Math.min(Math.max(every / 100, 100), 10_000);
    const most = Math.max(Math.min(every / 4, 900_000), least);
    return Math.min(least * 2 ** failures, most);
  }

  async #untilDue(node: RunningNode, signal: AbortSignal): Promise<number> {
    const { newest, stranger } = await this.#newestOwn(node, signal);
    // Only a leader knows all of its members for sure, when the cluster is young.
    if (stranger !== null) this.#warnOfStranger(node.clusterId, stranger);
    if (newest === null) return 0;
    if (this.#newest?.key !== newest.key) {
      const { every } = this.#plan;
      const isWhole = await this.#isWhole(newest, signal);
      if (isWhole) this.#note(newest);
      // Clocks may disagree: it is never due later than a whole interval from now.
      const age = isWhole ? Date.now() - newest.modified : every;
      const left = Math.min(Math.max(every - age, 0), every);
      this.#newest = { key: newest.key, due: performance.now() + left };
    }
    return this.#newest.due - performance.now();
  }

  /** Whoever made it may have died before it was read back. */
  async #isWhole({ key }: StoredBackup, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#backups.check(key, signal);
      return true;
    } catch (error) {
      if (!isFlaw(error)) throw error;
      this.#logger.warn({ key }, `the newest backup does not count: ${error.message}`);
      return false;
    }
  }

  /** `stranger`: a newer one under this cluster's name that is not its own. */
  async #newestOwn(
    node: RunningNode,
    signal?: AbortSignal,
  ): Promise<{ readonly newest: StoredBackup | null; readonly stranger: string | null }> {
    const all = await this.#backups.list(node.clusterId, signal);
    const lineage = new Set(ownLineage(node));
    let stranger: string | null = null;
    for (const backup of all.sort((a, b) => b.modified - a.modified)) {
      const isOwn = await this.#backups.isOf(lineage, backup.key, signal);
      if (isOwn) return { newest: backup, stranger };
      stranger ??= backup.key;
    }
    return { newest: null, stranger };
  }

  #warnOfStranger(clusterId: string, key: string): void {
    if (this.#warnedOf !== '') return;
    this.#warnedOf = key;
    this.#logger.warn(
      { key },
      `${this.#backups.url(key)} is not of this cluster, though it is called ${clusterId} too: it is neither counted nor deleted; give each a prefix of its own`,
    );
  }

  async #backUp(node: RunningNode, signal: AbortSignal): Promise<void> {
    const began = performance.now();
    const backup = await node.backup();
    if (!backup.ok) throw new Error(`${backup.code}: ${backup.sentence}`);
    const lineage = ownLineage(node);
    try {
      const about = { ...backup.about, takenAt: Date.now() };
      const options = { key: null, lineage, signal };
      const { key, bytes } = await this.#backups.write(about, backup.chunks, options);
      const duration = performance.now() - began;
      this.#newest = { key, due: began + this.#plan.every };
      const url = this.#backups.url(key);
      const { failuresTotal, interval } = this.#figures;
      const now = { lastSuccess: about.takenAt, url, bytes, duration, failure: '' };
      this.#figures = { ...now, failuresTotal, interval };
      this.#logger.info(
        { key, bytes, duration },
        `backup as of entry ${about.index}, read back and whole: ${url}, ${bytes} bytes in ${seconds(duration)}`,
      );
    } finally {
      backup.close();
    }
    await this.#retain({ clusterId: node.clusterId, lineage, keep: this.#plan.keep }, signal);
  }

  async #retain(retention: Retention, signal: AbortSignal): Promise<void> {
    const { clusterId, keep } = retention;
    if (keep === 0) return;
    try {
      const whole = this.#newest!.key;
      const { deleted, damaged, strangers } = await this.#backups.retain(retention, whole, signal);
      for (const key of strangers) this.#warnOfStranger(clusterId, key);
      for (const key of damaged) {
        this.#logger.warn({ key }, `${this.#backups.url(key)} is not whole, and does not count`);
      }
      if (deleted.length === 0) return;
      this.#logger.info(
        { deleted },
        `deleted ${deleted.length} that are not among the newest ${keep} whole ones`,
      );
    } catch (error) {
      if (!signal.aborted) this.#failed(error, 'older ones stay until after the next backup');
    }
  }

  #note({ key, modified, bytes }: StoredBackup): void {
    const url = this.#backups.url(key);
    this.#figures = { ...this.#figures, lastSuccess: modified, url, bytes };
  }

  #failed(error: unknown, then: string): void {
    const { code = 'FAILED', message } = error as { code?: string; message: string };
    const failure = error instanceof S3Failure ? `${code}: ${message}` : message;
    const failuresTotal = this.#figures.failuresTotal + 1;
    this.#figures = { ...this.#figures, failuresTotal, failure };
    this.#logger.error({ code }, `backup failed: ${failure}; ${then}`);
  }
}

function ownLineage(node: RunningNode): readonly string[] {
  const { configuration, incarnation } = node.status();
  return lineageOf(configuration, incarnation);
}

async function unlessAborted(ms: number, signal: AbortSignal): Promise<void> {
  // An abort is looked for by whoever called.
  await pause(ms, undefined, { signal, ref: false }).catch(() => {});
}

function seconds(ms: number): string {
  return `${ms < 9950 ? (ms / 1000).toFixed(1) : Math.round(ms / 1000)} s`;
}
