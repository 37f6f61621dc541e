/**
 * Known answers: the random stream, drawn plans and whole runs, pinned apart from each other so that a difference says which of the three
 * moved. Run by CI on Node 20, 22 and 24 from compiled code. `--write` records new ones (say why in the commit).
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { hash64 } from '@seedraft/codec';
import { expandSeed, Randomness, run, scenarioToPlan } from '@seedraft/sim';
import { parseScenario } from 'seedraft';
import { HOUSE } from '../mutants/house.ts';

const FILE = path.join(HOUSE, 'test/known-answers/answers.json');
const SCENARIOS = ['swarm', 'paper/figure-8', 'disks/torn-tails', 'membership/joint-leader-crash'];
const SEEDS = ['1', '2', '3', 'a longer seed, with ünïcode', '4294967296'];

type Answers = Record<'stream' | 'plans' | 'runs', Record<string, string>>;

const hex = ({ hi, lo }: { hi: number; lo: number }): string =>
  (hi >>> 0).toString(16).padStart(8, '0') + (lo >>> 0).toString(16).padStart(8, '0');

function streamAnswer(seed: string): string {
  const randomness = new Randomness(expandSeed(seed));
  const words: number[] = [];
  for (const purpose of ['latency', 'drop']) {
    const stream = randomness.stream(purpose, 2, 3);
    for (let n = 0; n < 8; n++) words.push(stream.uint32());
  }
  return words.map((word) => word.toString(16).padStart(8, '0')).join('');
}

function answers(): Answers {
  const result: Answers = { stream: {}, plans: {}, runs: {} };
  for (const seed of SEEDS) result.stream[seed] = streamAnswer(seed);
  for (const name of SCENARIOS) {
    const file = path.join(HOUSE, 'scenarios', `${name}.yaml`);
    const loaded = parseScenario(readFileSync(file, 'utf8'));
    if (!loaded.ok) throw new Error(`${file}: ${loaded.problems[0]?.message}`);
    for (const seed of SEEDS) {
      const plan = scenarioToPlan(loaded.scenario, seed);
      result.plans[`${name} ${seed}`] = hex(hash64(new TextEncoder().encode(JSON.stringify(plan))));
      result.runs[`${name} ${seed}`] = run(plan).hash;
    }
  }
  return result;
}

const now = answers();
if (process.argv.includes('--write')) {
  writeFileSync(FILE, `${JSON.stringify(now, null, 2)}\n`);
  console.log(`recorded ${FILE}`);
} else {
  const recorded: Answers = existsSync(FILE)
    ? (JSON.parse(readFileSync(FILE, 'utf8')) as Answers)
    : { stream: {}, plans: {}, runs: {} };
  let passed = 0;
  let failed = 0;
  for (const kind of ['stream', 'plans', 'runs'] as const) {
    for (const [key, value] of Object.entries(now[kind])) {
      if (recorded[kind][key] === value) passed++;
      else {
        failed++;
        console.log(`${kind} ${key}: recorded ${recorded[kind][key] ?? 'nothing'}, now ${value}`);
      }
    }
  }
  console.log(`known answers on Node ${process.version}: ${passed} passed, ${failed} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
}
