/**
 * S13, PreVote and CheckQuorum (dissertation 9.6 and 6.2): asking whether one would be voted for changes nothing durable on either side;
 * and a leader that has not heard from a quorum of its configuration within a bound stops leading.
 *
 * The bound, on the leader's own clock: two longest election timeouts and a heartbeat, judged when it ticks. So a leader whose inbound
 * links are dead cannot hold followers hostage. Plans without CheckQuorum are held to the rest only.
 *
 * And a leader of the past keeps nobody waiting (Figure 2, Followers: without AppendEntries from the *current* leader): its messages leave
 * the election timer as it was.
 * Counted: PreVotes and messages of older leaders received, and quorum checks of leaders that had not heard everybody.
 */
import type { MemberId, PeerMessage } from '@seedraft/core';
import { Violation } from '../observer.ts';
import type { Ledger } from './ledger.ts';
import { isQuorum } from './quorum.ts';
import type { Rule, RuleDefinition, Step } from './rule.ts';
import type { MemberShadow } from './shadow.ts';

/** A leader's ears, in ms of its own clock. */
interface Ears {
  term: number;
  configurationIndex: number;
  /** Since when it leads in this configuration. */
  since: number;
  /** When it is worth looking again. */
  next: number;
  readonly heard: number[];
}

export class NoDisruption implements Rule {
  static readonly definition: RuleDefinition = {
    id: 'S13',
    name: 'PreVote changes nothing; a deaf leader steps down',
    definition:
      'PreVote changes no durable state, a leader of an older term resets no election timer, and with CheckQuorum a leader that has not heard from a quorum within two longest election timeouts and a heartbeat no longer leads.',
    antecedent:
      'PreVotes and messages of older leaders received, and quorum checks by leaders that had not heard from everybody',
    catches: ['M14', 'M28', 'CHECK-QUORUM-OFF', 'STALE-LEADER'],
  };
  readonly definition = NoDisruption.definition;
  checks = 0;
  readonly receives = [
    'PreVote',
    'AppendEntries',
    'InstallSnapshot',
    'AppendEntriesReply',
    'InstallSnapshotReply',
    'ReadIndex',
    'ForwardProposal',
    'TimeoutNowReply',
  ] as const;
  readonly #ledger: Ledger;
  readonly #bound: number;
  readonly #pause: number;
  readonly #checkQuorum: boolean;
  readonly #ears: (Ears | undefined)[] = [];
  /** When each member next wanted to be woken, as of its last step in this boot. */
  readonly #deadlines: (number | undefined)[] = [];

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
    const { checkQuorum, electionTimeoutMax, heartbeatInterval } = ledger.world.plan.raft;
    this.#checkQuorum = checkQuorum;
    this.#bound = 2 * electionTimeoutMax + heartbeatInterval;
    this.#pause = Math.max(1, heartbeatInterval);
  }

  onBoot({ id }: MemberShadow): void {
    this.#deadlines[id] = undefined;
  }

  onReceive(step: Step, message: PeerMessage): void {
    if (message.type === 'AppendEntries' || message.type === 'InstallSnapshot') {
      if (message.term < step.term && message.term < step.shadow.term) this.#onPast(step, message);
      return;
    }
    if (message.type !== 'PreVote') {
      if (step.role === 'leader' && message.term === step.term) {
        this.#earsOf(step).heard[message.from] = step.message.at;
      }
      return;
    }
    this.checks += 1;
    const { shadow, term, vote, role, effects } = step;
    if (term === shadow.term && vote === shadow.vote) {
      // A leader may append what is due in any step (a learner promoted, once a handover was given up: swarm seed 67258).
      const isLeading = role === 'leader' && shadow.role === 'leader';
      if (effects.persist === null || isLeading) return;
    }
    throw new Violation(
      'S13',
      `${shadow.name} changed its durable state on a PreVote of ${this.#ledger.name(message.from)} for term ${message.term}: from term ${shadow.term} to ${term}, its vote from ${this.#ledger.name(shadow.vote)} to ${this.#ledger.name(vote)}`,
    );
  }

  onTransition(step: Step): void {
    const { shadow, role, term } = step;
    if (role !== 'pre-candidate' || term === shadow.term) return;
    if (step.message.type === 'Receive' && step.message.rpc.term >= term) return;
    throw new Violation(
      'S13',
      `${shadow.name} raised its term from ${shadow.term} to ${term} while only asking for pre-votes`,
    );
  }

  #onPast(step: Step, message: PeerMessage): void {
    if (step.role === 'leader') return;
    this.checks += 1;
    const before = this.#deadlines[step.shadow.id];
    const { deadline } = step.raft;
    // What was due already (a forwarded request, say) any step may settle.
    if (before === undefined || before <= step.message.at || deadline <= before) return;
    throw new Violation(
      'S13',
      `${step.shadow.name}, in term ${step.term}, puts its timer off from ${before} to ${deadline} ms of its clock because of ${message.type} of ${this.#ledger.name(message.from)} in term ${message.term}`,
    );
  }

  onStep(step: Step): void {
    this.#deadlines[step.shadow.id] = step.raft.deadline;
    if (step.role !== 'leader' || step.message.type !== 'Tick' || !this.#checkQuorum) return;
    const { at } = step.message;
    const ears = this.#earsOf(step);
    if (at < ears.next) return;
    ears.next = at + this.#pause;
    if (at - ears.since > this.#bound) this.#checkEars(step, ears, at);
  }

  /** Apart from onStep, whose every call would else pay for the closures here. */
  #checkEars(step: Step, ears: Ears, at: number): void {
    const { configuration } = step.raft;
    const oldest = at - this.#bound;
    let everybody = true;
    for (const { id } of configuration.members) {
      if (id !== step.shadow.id && (ears.heard[id] ?? 0) < oldest) everybody = false;
    }
    if (everybody) return;
    this.checks += 1;
    const hears = (id: MemberId) => id === step.shadow.id || (ears.heard[id] ?? 0) >= oldest;
    if (isQuorum(configuration, hears)) return;
    const heard = configuration.members.filter(({ id }) => hears(id)).map(({ id }) => id);
    throw new Violation(
      'S13',
      `${step.shadow.name} still leads term ${step.term} at ${at} ms of its clock, although within ${this.#bound} ms it heard from ${this.#ledger.names(heard)} only: no quorum of ${this.#ledger.describe(configuration)}`,
    );
  }

  #earsOf(step: Step): Ears {
    const { shadow, term, raft } = step;
    const known = this.#ears[shadow.id];
    const { configurationIndex } = raft;
    if (known !== undefined && known.term === term) {
      if (known.configurationIndex === configurationIndex) return known;
      known.configurationIndex = configurationIndex;
      known.since = step.message.at;
      return known;
    }
    const since = step.message.at;
    const ears: Ears = { term, configurationIndex, since, next: since, heard: [] };
    this.#ears[shadow.id] = ears;
    return ears;
  }
}
