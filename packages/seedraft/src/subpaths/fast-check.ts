/** For fast-check: scenarios and commands as arbitraries. */
export {
  type CommandConstraints,
  type MachineCommand,
  machineCommands,
  runCommands,
  type ScenarioConstraints,
  scenarios,
} from '../testing/arbitraries.ts';
