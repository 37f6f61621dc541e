/** The front door: members, configs, and what programs may use of the command's own parts (scenario files, run folders, campaigns). */
export type { Ticket } from '@seedraft/client';
export type { RunningNode } from '@seedraft/node';
export type { ApplyContext, StateMachine } from '@seedraft/replica';
export {
  defineProtocol,
  type Protocol,
  type ProtocolClient,
  type ProtocolEffects,
  type ProtocolInput,
  type ProtocolMember,
  type ProtocolPorts,
  type ProtocolRequest,
  type ProtocolRule,
  violation,
} from '@seedraft/sim';
export type { CampaignOptions, CampaignProgress, CampaignResult } from './campaign/campaign.ts';
export { runCampaign } from './campaign/campaign.ts';
export type { SeedRange } from './campaign/seeds.ts';
export type { ScenarioSource } from './campaign/task.ts';
export type { UnitResult } from './campaign/unit.ts';
export {
  type RaftifyConfig,
  type RaftifyOptions,
  raftifyConfig,
} from './compat/raftify-config.ts';
export {
  type Config,
  defineConfig,
  type MachineConfig,
  type ProtocolConfig,
} from './config/define.ts';
export { simulate } from './config/simulate.ts';
export {
  type CreateNodeOptions,
  createNode,
  NodeStartError,
  type PeerAddress,
} from './create-node.ts';
export { EXIT, UsageError } from './exit-codes.ts';
export type { NodeHandle } from './node-handle.ts';
export { type RunFolder, readRunFolder } from './run-folder/read.ts';
export { type KeptRun, writeRunFolder } from './run-folder/write.ts';
export { type FileProblem, parseScenario, type ScenarioFile } from './scenario-file.ts';
export { findScenarios } from './scenarios.ts';
export { type ShrinkRunOptions, type ShrunkRun, shrinkRun } from './shrink/shrink-run.ts';
