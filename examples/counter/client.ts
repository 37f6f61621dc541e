/** Counts once and reads: `node dist/client.mjs visits 2` (README.md). */
import { connect } from 'seedraft/client';
import type { Command, Query } from './counter.ts';

const [name = 'visits', by = '1'] = process.argv.slice(2);
const client = await connect({ endpoints: ['127.0.0.1:7201', '127.0.0.1:7202', '127.0.0.1:7203'] });
console.log('added:', await client.command(['add', name, Number(by)] satisfies Command));
console.log('read:', await client.query(['read', name] satisfies Query));
await client.close();
