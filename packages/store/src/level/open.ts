/**
 * The start of a member from its directory: alone with it, verified before LevelDB may touch it, made whole where that is proven to be right,
 * opened. Everything that stands in the way is a refusal with a sentence; nothing is ever created here.
 */
import { statSync } from 'node:fs';
import path from 'node:path';
import type { RecoveredMember, Store } from '@seedraft/replica';
import { MemberStore } from '../member-store.ts';
import type { StoreEvents } from '../store-events.ts';
import { SLOT_OFFSETS, WITNESS_FILE } from '../witness.ts';
import { openDatabase } from './database.ts';
import { type Exclusive, takeExclusively } from './exclusive.ts';
import { bytesBelow, DurableFiles } from './files.ts';
import { findGeneration, generationPath, makeGeneration, removeLeftovers } from './generation.ts';
import { type Identity, mendIdentity } from './identity.ts';
import { LaterEvents, LaterStore } from './later-store.ts';
import { LevelEngine, type LevelEngineOptions } from './level-engine.ts';
import { type Refused, refusalOf } from './refusal.ts';
import { type Usable, verify } from './verify.ts';

export interface LevelOptions {
  readonly directory: string;
  /** `paranoid`: the witness is synced with every group, not only within 100 ms. */
  readonly durability: 'default' | 'paranoid';
  /** Called on later turns, never within a call of the store. */
  readonly events: StoreEvents;
  /** The engine failed: the member must stop. Called at most once. */
  readonly onFailure: (sentence: string) => void;
}

export type Opening =
  /** Nothing is there: bootstrap or join, said explicitly. */
  | { readonly outcome: 'empty' }
  /** The wish to join, and no database yet. */
  | { readonly outcome: 'joining'; readonly identity: Identity }
  | OpenDirectory
  | Refused;

export interface OpenDirectory {
  readonly outcome: 'open';
  readonly identity: Identity;
  readonly store: Store;
  readonly recovered: RecoveredMember;
  /** What was damaged and made whole, and what of the log is missing until a leader sends it; null: nothing. */
  readonly warning: string | null;
  /** Resolves once everything asked of the store so far has been reported. */
  settled(): Promise<void>;
  /** Once nothing is asked of the store any more: waits for what is under way, makes the witness durable, gives the directory free. */
  close(): Promise<void>;
  bytesOnDisk(): Promise<number>;
}

/** What a test may put between this room and the machine. */
export interface Machine {
  readonly files?: DurableFiles;
  readonly freeBytes?: NonNullable<LevelEngineOptions['freeBytes']>;
  readonly sync?: NonNullable<LevelEngineOptions['sync']>;
}

export async function openDirectory(
  options: LevelOptions,
  machine: Machine = {},
): Promise<Opening> {
  const { directory } = options;
  let held: Exclusive | null = null;
  let opening: Opening | null = null;
  try {
    if (isNothingThere(directory)) return { outcome: 'empty' };
    const files = machine.files ?? new DurableFiles();
    const taken = await takeExclusively(files, directory);
    if ('outcome' in taken) return taken;
    held = taken;
    opening = await new Start(options, machine, files, held).run();
    return opening;
  } catch (thrown) {
    return refusalOf(thrown, directory);
  } finally {
    if (opening?.outcome !== 'open') await held?.release();
  }
}

/** Nothing of ours: then nothing is made there either, not even a lock. */
export function isNothingThere(directory: string): boolean {
  if (statSync(directory, { throwIfNoEntry: false }) === undefined) return true;
  const { newest, leftovers } = findGeneration(directory);
  return newest === 0 && leftovers.length === 0;
}

class Start {
  readonly #options: LevelOptions;
  readonly #machine: Machine;
  readonly #files: DurableFiles;
  readonly #held: Exclusive;

  constructor(options: LevelOptions, machine: Machine, files: DurableFiles, held: Exclusive) {
    this.#options = options;
    this.#machine = machine;
    this.#files = files;
    this.#held = held;
  }

  async run(): Promise<Opening> {
    const { directory } = this.#options;
    const found = findGeneration(directory);
    removeLeftovers(this.#files, directory, found);
    if (found.newest === 0) return { outcome: 'empty' };
    const place = generationPath(directory, found.newest);

    const verified = verify(place);
    if (verified.outcome === 'refused') return verified;
    const { identity, verdict } = verified;
    if (verdict.outcome === 'empty') return { outcome: 'joining', identity };

    const warnings: string[] = [];
    if (!verified.isIdentityWhole) {
      mendIdentity(this.#files, place, identity);
      warnings.push('one copy of IDENTITY was unreadable and is written again');
    }
    if (verdict.outcome === 'repairable') warnings.push(verdict.sentence);
    const ready = await this.#makeReady(verdict, found.newest, identity);
    const warning = warnings.length === 0 ? null : `${place}: ${warnings.join('; ')}`;
    return this.#serve(ready, identity, verdict, warning);
  }

  /** What recovery asks for before the database is opened. Returns where that is now. */
  async #makeReady(verdict: Usable, number: number, identity: Identity): Promise<string> {
    const { directory } = this.#options;
    const place = generationPath(directory, number);
    const files = this.#files;
    if (verdict.rewrite !== null) {
      await makeGeneration(files, directory, number + 1, identity, verdict.rewrite);
      removeLeftovers(files, directory, findGeneration(directory));
      return generationPath(directory, number + 1);
    }
    if (verdict.cut !== null) {
      files.truncate(path.join(place, verdict.cut.file), verdict.cut.offset);
    }
    if (verdict.witness !== null) {
      const { slot, bytes } = verdict.witness;
      files.overwrite(path.join(place, WITNESS_FILE), SLOT_OFFSETS[slot], bytes);
    }
    return place;
  }

  async #serve(
    place: string,
    identity: Identity,
    { member, resumption }: Usable,
    warning: string | null,
  ): Promise<Opening> {
    const { directory, durability, onFailure } = this.#options;
    const database = await openDatabase(place, 'existing');
    const engine = new LevelEngine({
      database,
      directory: place,
      witnessFile: path.join(place, WITNESS_FILE),
      onFailure,
      ...(this.#machine.freeBytes && { freeBytes: this.#machine.freeBytes }),
      ...(this.#machine.sync && { sync: this.#machine.sync }),
    });
    const events = new LaterEvents(this.#options.events);
    const store = new MemberStore({ engine, events, resumption, durability });
    engine.attach(store);
    const held = this.#held;
    let closing: Promise<void> | null = null;
    const close = async (): Promise<void> => {
      await engine.close();
      await events.drained();
      events.end();
      await held.release();
    };
    return {
      outcome: 'open',
      identity,
      store: new LaterStore(store, events),
      recovered: member,
      warning,
      settled: async () => {
        await engine.settled();
        await events.drained();
      },
      close: () => (closing ??= close()),
      bytesOnDisk: async () => bytesBelow(directory),
    };
  }
}
