/** What `seedraft --help` says beyond the verbs: what is checked, what chaos is made, exit codes. Generated from the folders, so that it cannot drift. */
import { FAULTS } from '@seedraft/sim';
import pc from 'picocolors';
import { EXIT_MEANINGS } from './exit-codes.ts';
import { RULE_DEFINITIONS } from './rules.ts';
import { examples } from './verbs/examples.ts';
import { CAMPAIGN_TIME } from './verbs/time.ts';

function ruleLines(): string[] {
  return RULE_DEFINITIONS.map(({ id, name }) => `  ${id.padEnd(4)} ${name}`);
}

function faultLines(): string[] {
  const width = Math.max(...FAULTS.map(({ name }) => name.length));
  const lines: string[] = [];
  let group = '';
  for (const fault of FAULTS) {
    if (fault.group !== group) lines.push(`  ${pc.underline(fault.group)}`);
    group = fault.group;
    lines.push(`    ${fault.name.padEnd(width)}  ${fault.summary}`);
  }
  return lines;
}

function exitLines(): string[] {
  return EXIT_MEANINGS.map(([code, meaning]) => `  ${String(code).padEnd(4)} ${meaning}`);
}

export function catalogue(): string {
  return [
    examples(
      ['fuzz', `every shipped scenario, as many seeds as fit into ${CAMPAIGN_TIME}`],
      ['run paper/figure-8 --seed 1 --trace', 'one story, event by event'],
      ['fuzz --help', 'more about a verb'],
    ),
    '',
    pc.bold('What is checked (S after every event, LIN over the whole history, L once healed):'),
    ...ruleLines(),
    '',
    pc.bold('What chaos is made:'),
    ...faultLines(),
    '',
    pc.bold('Exit codes:'),
    ...exitLines(),
  ].join('\n');
}
