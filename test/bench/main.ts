/** `npm run bench [-- --json] [core|simulator|check|store|client]`: speeds, each beside a peer or a bare twin in the same run. Prints; never fails for speed. */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { benchClient } from './client.ts';
import { benchCore } from './core.ts';
import { benchCheck } from './linearizability.ts';
import { type ByKind, benchSimulator, type Speed } from './simulator.ts';
import { benchStore } from './store.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean' }, rounds: { type: 'string', default: '5' } },
});
const wants = (part: string): boolean => positionals.length === 0 || positionals.includes(part);
const rounds = Number(values.rounds);
const whole = (value: number): string => Math.round(value).toLocaleString('en');
const say = (line: string): void => {
  if (!values.json) console.log(line);
};
const report: Record<string, unknown> = { node: process.version, cpu: cpus()[0]?.model ?? '' };

say(
  `Node ${process.version}, ${cpus()[0]?.model ?? 'unknown CPU'}; medians of ${rounds} interleaved rounds`,
);
if (wants('core')) {
  say('\ncore, 3 members in memory, 64-byte proposals, against @coaty/consensus.raft 1.0.0');
  report.core = [1, 64].map((batch) => {
    const figures = benchCore(batch, rounds);
    say(
      `  batch ${String(batch).padStart(2)}: ${whole(figures.ours)} committed entries/s, peer ${whole(figures.peer)}: ${figures.ratio.toFixed(1)}x; ` +
        `${figures.ourMessagesPerEntry.toFixed(3)} messages an entry, peer ${figures.peerMessagesPerEntry.toFixed(3)}`,
    );
    return figures;
  });
}
if (wants('simulator')) {
  say('\nsimulator, by CPU time of one core, every rule on');
  const figures = benchSimulator(rounds, 60);
  const line = (what: string, { objects, bytes }: ByKind): void => {
    const of = ({ median, best, simulatedSecondsPerSecond }: Speed): string =>
      `${whole(median)} events/s (best ${whole(best)}; ${whole(simulatedSecondsPerSecond)} simulated seconds a second)`;
    say(`  ${what}: through objects ${of(objects)}, through bytes ${of(bytes)}`);
  };
  say(`  warm: ${figures.warmUp} rounds went before those that count`);
  say(
    `  swarm seeds: ${whole(figures.eventsPerSecond)} events/s (a bare event loop: ${whole(figures.bareEventsPerSecond)}; ratio ${figures.ratioToBare.toFixed(3)})`,
  );
  line('  of these', figures.swarm);
  line('idle, 5 members', figures.idle);
  line('100 operations/s, 5 members', figures.loaded);
  report.simulator = figures;
}
if (wants('check')) {
  say('\nlinearizability, black-box search');
  const figures = benchCheck();
  say(
    `  ${whole(figures.operations)} operations of 10 clients on one register: ${figures.verdict} in ${figures.seconds.toFixed(2)} s, ` +
      `${whole(figures.steps)} steps, ${whole(figures.residentMegabytes)} MB resident`,
  );
  report.check = figures;
}
if (wants('store')) {
  say(
    '\nstore on this disk, persists of one 256-byte entry, against plain classic-level in synced chained batches',
  );
  const all = [];
  for (const inFlight of [1, 16, 64, 256]) {
    const figures = await benchStore(inFlight, rounds, 1000);
    say(
      `  ${String(inFlight).padStart(3)} in flight: ${whole(figures.groupsPerSecond)} groups/s, ${whole(figures.entriesPerSecond)} entries/s; ` +
        `plain ${whole(figures.plainBatchesPerSecond)} batches/s, ${whole(figures.plainPutsPerSecond)} puts/s: ${figures.ratio.toFixed(2)}x`,
    );
    all.push(figures);
  }
  report.store = all;
}
if (wants('client')) {
  say('\nclient, 256-byte values, one connection to a server that does nothing else');
  const all = [];
  for (const callers of [1, 64, 1000]) {
    for (const operation of ['put', 'put in groups', 'get'] as const) {
      const figures = await benchClient(callers, operation, 1500);
      say(
        `  ${String(callers).padStart(4)} callers, ${operation}: ${whole(figures.perCpuSecond)} a second of the client's CPU (${whole(figures.perSecond)}/s)`,
      );
      all.push(figures);
    }
  }
  report.client = all;
}
if (values.json) console.log(JSON.stringify(report));
