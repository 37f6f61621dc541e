/** The published front door: campaigns, run folders and scenario files for programs; the command is in main.ts. */
export {
  type CampaignOptions,
  type CampaignProgress,
  type CampaignResult,
  runCampaign,
} from './campaign/campaign.ts';
export { Tally } from './campaign/tally.ts';
export { parseSeeds, type SeedRange, shardOf, type UnitResult } from './campaign/unit.ts';
export { EXIT, UsageError } from './exit-codes.ts';
export { historyEvents } from './history-file.ts';
export { type RunFolder, type RunRecord, readRunFolder, writeRunFolder } from './run-folder.ts';
export { type FileProblem, parseScenario, type ScenarioFile } from './scenario-file.ts';
export { findScenarios, loadScenario } from './scenarios.ts';
