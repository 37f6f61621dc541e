/** Examples below a verb's help: a command that works as it stands, and what it is for. */
import pc from 'picocolors';

export function examples(
  ...lines: readonly (readonly [command: string, purpose: string])[]
): string {
  const width = Math.max(...lines.map(([command]) => command.length));
  const rows = lines.map(([command, purpose]) => `  seedraft ${command.padEnd(width)}  ${purpose}`);
  return ['', pc.bold('Examples:'), ...rows].join('\n');
}
