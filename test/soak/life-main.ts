/** `node life-main.js OPTIONS`: one life in a process of its own, to be killed; a line of JSON for everything acknowledged. */
import { writeSync } from 'node:fs';
import { type LifeOptions, live } from './life.ts';

const options = JSON.parse(process.argv[2] ?? '{}') as LifeOptions;
// Written before anything else happens: what was heard was acknowledged, and little that was acknowledged is not heard.
await live(options, (heard) => writeSync(1, `${JSON.stringify(heard)}\n`));
