/** From options to a running member, or to a refusal: nothing is left open or locked behind one. */
import { endingOf } from './death.ts';
import type { Joining } from './join.ts';
import { Member, type RunningNode } from './node.ts';
import { openMember } from './open-member.ts';
import { type NodeOptions, type Settings, settle } from './options.ts';
import { joiningOf, Premises } from './premises.ts';
import type { OpenedStorage, StorageRefusal } from './storage.ts';

export type Starting =
  | { readonly ok: true; readonly node: RunningNode }
  | { readonly ok: false; readonly code: string; readonly sentence: string };

export async function startNode(options: NodeOptions): Promise<Starting> {
  const settings = settle(options);
  if (Array.isArray(settings)) {
    return { ok: false, code: 'INVALID_OPTIONS', sentence: settings.join(' ') };
  }
  try {
    const starting = new StartingNode(options, settings as Settings);
    const failure = await starting.run();
    return failure === null
      ? { ok: true, node: starting.node as RunningNode }
      : { ok: false, code: failure.code, sentence: failure.sentence };
  } catch (thrown) {
    return { ok: false, ...endingOf(thrown) };
  }
}

class StartingNode {
  readonly #premises: Premises;
  node: Member | null = null;
  #failed: string | null = null;

  constructor(options: NodeOptions, settings: Settings) {
    this.#premises = new Premises(options, settings);
  }

  /** Null: `node` runs. */
  async run(): Promise<StorageRefusal | null> {
    const premises = this.#premises;
    const { signal } = premises.options;
    const opened = await this.#open();
    if (opened.outcome === 'refused') {
      premises.close();
      return signal?.aborted ? INTERRUPTED : opened;
    }
    const refusal = signal?.aborted ? INTERRUPTED : await premises.listen();
    if (refusal !== null || this.#failed !== null) {
      premises.close();
      await opened.close();
      return refusal ?? storeFailed(this.#failed ?? '');
    }
    this.node = new Member(premises, opened);
    return null;
  }

  #open(): Promise<OpenedStorage | StorageRefusal> {
    const { options, inbox, storage } = this.#premises;
    const { directory, start } = options;
    return openMember({
      directory,
      start,
      storage,
      inbox,
      onFailure: (sentence) => {
        this.#failed = sentence;
        this.node?.fail({ code: 'STORE_FAILED', sentence }, null);
      },
      joining: () => this.#joining(),
    });
  }

  async #joining(): Promise<Joining | StorageRefusal> {
    const refusal = await this.#premises.listen();
    return refusal ?? joiningOf(this.#premises);
  }
}

const INTERRUPTED: StorageRefusal = {
  outcome: 'refused',
  code: 'INTERRUPTED',
  sentence: 'It was told to stop while it started. The same start can be made again.',
};

function storeFailed(sentence: string): StorageRefusal {
  return { outcome: 'refused', code: 'STORE_FAILED', sentence };
}
