#!/usr/bin/env node
// Before and after `npm pack` of the published package: the scenarios lie at the top of the house, and ship within it.
import { cpSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const top = fileURLToPath(new URL('../..', import.meta.url));
const shipped = `${top}/packages/seedraft/scenarios`;
rmSync(shipped, { recursive: true, force: true });
if (!process.argv.includes('--remove')) cpSync(`${top}/scenarios`, shipped, { recursive: true });
