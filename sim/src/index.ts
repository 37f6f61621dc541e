export * from './choices.ts';
export { Clock } from './clock.ts';
export { createByteDisk } from './disk/byte.ts';
export type * from './disk/disk.ts';
export { createObjectDisk } from './disk/object.ts';
export {
  type Divergence,
  firstDivergence,
  type Runner,
  runTwice,
  type TwiceResult,
} from './divergence.ts';
export { knobClassesOf, type PlanOptions, planOptionsOf, scenarioToPlan } from './draw-plan.ts';
export { type Bounds, DEFAULT_BOUNDS, validateBounds } from './explore/bounds.ts';
export {
  explainCounterexample,
  type Line as CounterexampleLine,
} from './explore/counterexample.ts';
export {
  EXPLORED_RULES,
  Exploration,
  type ExplorationOptions,
  type ExplorationStatus,
  type Found,
} from './explore/exploration.ts';
export { Atlas } from './faults/atlas.ts';
export type * from './faults/fault.ts';
export { classesOf, FAULT_CLASSES, FAULTS, faultNamed, KNOB_CLASSES } from './faults/index.ts';
export { currentVoters, resolve as resolveTarget } from './faults/target.ts';
export { sampleLatency } from './latency.ts';
export { type Flight, LINK_TYPES } from './link.ts';
export {
  LIVENESS_RULES,
  type LivenessVerdict,
  type LivenessWorld,
  runLiveness,
} from './liveness.ts';
export { Network } from './network.ts';
export * from './observer.ts';
export type {
  OwnClient,
  OwnDraw,
  OwnOperation,
  OwnSystem,
} from './own/system.ts';
export type * from './plan.ts';
export { type HistoryVerdict, judgeHistory, LINEARIZABILITY } from './properties/history.ts';
export { RULES } from './properties/index.ts';
export type { Rule, RuleDefinition } from './properties/rule.ts';
export { MESSAGE_TYPES, Rulebook, type RulebookOptions } from './properties/rulebook.ts';
export { unhandledError } from './properties/s22-bounds.ts';
export { SOMETIMES, type SometimesPoint } from './properties/sometimes.ts';
export { isProtocol, protocolFlaw } from './protocol/contract.ts';
export * from './protocol/protocol.ts';
export { EventQueue } from './queue.ts';
export { expandSeed, Randomness, type Root, STREAM_VERSION, Stream, scale } from './random.ts';
export type { About } from './recording/about.ts';
export { causalPast } from './recording/causal-past.ts';
export { cutRecording, type Range } from './recording/cut.ts';
export { type PackedRecording, packRecording, unpackRecording } from './recording/pack.ts';
export { type Recorded, record } from './recording/record.ts';
export type * from './recording/recording.ts';
export {
  type RelevantPast,
  type RelevantStep,
  relevantPast,
} from './recording/relevant-past.ts';
export { stateAt } from './recording/state-at.ts';
export { thinned } from './recording/thinned.ts';
export { type Waiting, whoWaits } from './recording/waiting.ts';
export { type RunOptions, type RunResult, type RunVerdict, run } from './run.ts';
export { planToBriefScenario } from './scenario/brief.ts';
export { scenarioJsonSchema } from './scenario/json-schema.ts';
export { planToScenario, UnprintablePlan } from './scenario/print.ts';
export { formatPath, type Problem } from './scenario/problems.ts';
export {
  defineScenario,
  readScenario,
  ScenarioError,
  type ScenarioResult,
} from './scenario/scenario.ts';
export { type Scenario, type ScenarioInput, SWARM_GROUPS } from './scenario/schema.ts';
export { formatDuration, formatRatio, parseDuration, parseRatio } from './scenario/units.ts';
export { type ScheduleShrink, shrinkSchedule } from './schedule/shrink-schedule.ts';
export { formatStep, type ScheduleStep } from './schedule/step.ts';
export {
  type Failure,
  failureOf,
  type SameFailure,
  sameFailureAs,
  type Trial,
} from './shrink/same-failure.ts';
export {
  type PlanShrink,
  type ShrinkBudget,
  type ShrinkProgress,
  shrinkPlan,
} from './shrink/shrink-plan.ts';
export { builtInSystem, isBuiltInSystem } from './systems/index.ts';
export type { OperationCounts } from './tally.ts';
export { formatEntries, formatMessage, type TraceRange } from './trace.ts';
export {
  type CampaignCounts,
  EVERYTHING,
  type Expected,
  expectedOf,
  VACUITY_RUNS,
  vacuityGaps,
} from './vacuity.ts';
