/**
 * The rules, in the order in which they judge an event: where two object to the same event, the earlier one names the failure. The order is
 * that of the ids; what S15 explains better, S1 and S6 leave to it.
 */
import type { Ledger } from './ledger.ts';
import type { Rule, RuleDefinition } from './rule.ts';
import { ElectionSafety } from './s01-election-safety.ts';
import { LeaderAppendOnly } from './s02-leader-append-only.ts';
import { LogMatching } from './s03-log-matching.ts';
import { LeaderCompleteness } from './s04-leader-completeness.ts';
import { StateMachineSafety } from './s05-state-machine-safety.ts';
import { CommitIsDurable } from './s06-commit-is-durable.ts';
import { CommitOwnTerm } from './s07-commit-own-term.ts';
import { IndexesInOrder } from './s08-indexes-in-order.ts';
import { CommittedStays } from './s09-committed-stays.ts';
import { OneDurableVote } from './s10-one-durable-vote.ts';
import { AcknowledgedIsDurable } from './s11-acknowledged-is-durable.ts';
import { UpToDateLog } from './s12-up-to-date-log.ts';
import { NoDisruption } from './s13-disruption.ts';
import { ConfigurationSafety } from './s14-configuration-safety.ts';
import { OnlyVotersCount } from './s15-only-voters-count.ts';
import { LinearizableReads } from './s16-linearizable-reads.ts';
import { FollowerReads } from './s17-follower-reads.ts';
import { ExactlyOnce } from './s18-exactly-once.ts';
import { SnapshotEqualsReplay } from './s19-snapshot-equals-replay.ts';
import { EqualStates } from './s20-equal-states.ts';
import { AcknowledgedStays } from './s21-acknowledged-stays.ts';
import { Bounds } from './s22-bounds.ts';

interface RuleClass {
  readonly definition: RuleDefinition;
  new (ledger: Ledger): Rule;
}

/** S1..S22. */
export const RULES: readonly RuleClass[] = [
  ElectionSafety,
  LeaderAppendOnly,
  LogMatching,
  LeaderCompleteness,
  StateMachineSafety,
  CommitIsDurable,
  CommitOwnTerm,
  IndexesInOrder,
  CommittedStays,
  OneDurableVote,
  AcknowledgedIsDurable,
  UpToDateLog,
  NoDisruption,
  ConfigurationSafety,
  OnlyVotersCount,
  LinearizableReads,
  FollowerReads,
  ExactlyOnce,
  SnapshotEqualsReplay,
  EqualStates,
  AcknowledgedStays,
  Bounds,
];
