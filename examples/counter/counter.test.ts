/** The counter under five seeds with every fault, and alone against its model: `npx vitest run`. */
import fc from 'fast-check';
import { machineCommands, runCommands } from 'seedraft/fast-check';
import { testScenario } from 'seedraft/vitest';
import { test } from 'vitest';
import config from './seedraft.config.ts';

testScenario('swarm', { config, seeds: 5 });

test('the counter answers as its model, also from a snapshot', () => {
  fc.assert(fc.property(machineCommands(), (commands) => void runCommands(config, commands)));
});
