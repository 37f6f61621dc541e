/**
 * A protocol's rules in one run: each with a watcher of its own, asked after every event over what all members show. A rule that throws
 * anything but a violation is its author's mistake and says nothing about the protocol.
 */
import { OwnMistake, usersOwn } from '../own/system.ts';
import type { SimProtocolMember } from './member.ts';
import type {
  Protocol,
  ProtocolEvent,
  ProtocolMemberView,
  ProtocolView,
  ProtocolWatcher,
} from './protocol.ts';

interface Watching {
  readonly name: string;
  readonly watcher: ProtocolWatcher;
  checks: number;
}

export class ProtocolRules {
  readonly #watching: readonly Watching[];
  readonly #view: ProtocolView;

  constructor(
    { rules = [] }: Protocol,
    world: { readonly now: number; readonly members: readonly SimProtocolMember[] },
    only: readonly string[] | undefined,
  ) {
    this.#watching = rules
      .filter(({ name }) => only?.includes(name) ?? true)
      .map((rule) => {
        const watcher = usersOwn(`watch of the rule ${rule.name}`, () => rule.watch());
        if (typeof watcher?.check === 'function') return { name: rule.name, watcher, checks: 0 };
        throw new OwnMistake(`watch of the rule ${rule.name} must return { check(view, event) }`);
      });
    const members = world.members.map(viewOf);
    this.#view = {
      get now() {
        return world.now;
      },
      members,
    };
  }

  after(event: ProtocolEvent): void {
    for (const watching of this.#watching) {
      const { name, watcher } = watching;
      const met = usersOwn(`the rule ${name}`, () => watcher.check(this.#view, event));
      if (met !== false) watching.checks += 1;
    }
  }

  end(): void {
    for (const { name, watcher } of this.#watching) {
      usersOwn(`the rule ${name}`, () => watcher.end?.(this.#view));
    }
  }

  /** How often each was put to the test. */
  checks(): Record<string, number> {
    return Object.fromEntries(this.#watching.map(({ name, checks }) => [name, checks]));
  }
}

/** What a member shows, looked up when it is asked for. */
function viewOf(member: SimProtocolMember): ProtocolMemberView {
  return {
    name: member.name,
    get status() {
      return member.status;
    },
    get state() {
      return member.instance?.state() ?? null;
    },
    get records() {
      return member.disk.records;
    },
  };
}
