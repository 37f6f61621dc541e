/** Writes scenarios/schema.json from the schemas that the runner uses. Run after `npm run build` whenever a fault or a knob changed. */
import { writeFileSync } from 'node:fs';
import { scenarioJsonSchema } from '../../sim/dist/index.js';

const file = new URL('../../scenarios/schema.json', import.meta.url);
writeFileSync(file, `${JSON.stringify(scenarioJsonSchema(), null, 2)}\n`);
