/** Every command there is, by its name in small letters. */
import type { CommandTable } from './command.ts';
import { CONNECTION } from './connection-commands.ts';
import { KEYSPACE } from './keyspace.ts';
import { serverCommands } from './server-commands.ts';
import { SKETCHES } from './sketches.ts';
import { STRINGS } from './strings.ts';
import { TRANSACTIONS } from './transactions.ts';

export const COMMANDS: CommandTable = {
  ...CONNECTION,
  ...serverCommands(() => COMMANDS),
  ...STRINGS,
  ...KEYSPACE,
  ...TRANSACTIONS,
  ...SKETCHES,
};
