/**
 * What a schema cannot see: members that do not exist, windows beyond the end, knobs that contradict each other, newcomers out of order.
 * Says every problem at once, each where it stands.
 */
import { faultNamed } from '../faults/index.ts';
import { PEER_TYPES } from '../faults/partition.ts';
import { DEFAULTS } from './defaults.ts';
import type { FaultLine } from './fault-line.ts';
import { nearest } from './nearest.ts';
import type { Problem } from './problems.ts';
import type { Scenario } from './schema.ts';
import { fieldOf, metaOf, unwrap } from './schema-walk.ts';

/** All that is wrong with a scenario that has the right shape; empty when it can run. */
export function validate(scenario: Scenario): Problem[] {
  return [
    ...checkTimeouts(scenario),
    ...checkLogs(scenario),
    ...checkClocks(scenario),
    ...checkWorkload(scenario),
    ...checkFaults(scenario),
    ...checkSchedule(scenario),
    ...checkWords(scenario),
  ];
}

function problem(
  path: readonly (string | number)[],
  message: string,
  suggestion: string | null = null,
): Problem {
  return { path, message, suggestion };
}

/** How many members there are at the start; null when the seed decides. */
function memberCount({ cluster, swarm }: Scenario): number | null {
  const drawn = swarm.includes('cluster');
  if (drawn && (cluster.voters === undefined || cluster.learners === undefined)) return null;
  return (cluster.voters ?? DEFAULTS.voters) + (cluster.learners ?? 0);
}

function memberNames(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `n${index + 1}`);
}

function checkTimeouts({ cluster, swarm }: Scenario): Problem[] {
  const raft = cluster.raft ?? {};
  const drawn = swarm.includes('raft');
  const path = ['cluster', 'raft'];
  const problems: Problem[] = [];
  const timeout = raft.electionTimeout ?? (drawn ? undefined : DEFAULTS.electionTimeout);
  const heartbeat = raft.heartbeatInterval ?? (drawn ? undefined : DEFAULTS.heartbeatInterval);
  if (timeout !== undefined && timeout[0] > timeout[1]) {
    const message = `the shortest election timeout (${timeout[0]} ms) is longer than the longest (${timeout[1]} ms)`;
    problems.push(problem([...path, 'electionTimeout'], message, `[${timeout[1]}, ${timeout[0]}]`));
  }
  if (timeout !== undefined && heartbeat !== undefined && heartbeat >= timeout[0]) {
    const key = raft.heartbeatInterval === undefined ? 'electionTimeout' : 'heartbeatInterval';
    const message = `a heartbeat every ${heartbeat} ms cannot keep followers with an election timeout of ${timeout[0]} ms from campaigning: it must be shorter`;
    problems.push(problem([...path, key], message));
  }
  if (raft.leaseReads === true && raft.checkQuorum === false) {
    const message = 'leases stand on checkQuorum: without it voters do not refuse other candidates';
    problems.push(problem([...path, 'leaseReads'], message));
  }
  return problems;
}

function checkLogs(scenario: Scenario): Problem[] {
  const { logs = {}, terms = {} } = scenario.cluster;
  const problems: Problem[] = [];
  for (const [member, log] of Object.entries(logs)) {
    problems.push(...checkMember(scenario, member, ['cluster', 'logs', member]));
    const last = log.at(-1) ?? 0;
    if (log.some((term, index) => term < (log[index - 1] ?? 0))) {
      problems.push(
        problem(['cluster', 'logs', member], 'terms never decrease along a log (section 5.3)'),
      );
    } else if ((terms[member] ?? last) < last) {
      const message = `the current term of ${member} is at least the term of its last entry, ${last}`;
      problems.push(problem(['cluster', 'terms', member], message));
    }
  }
  for (const member of Object.keys(terms)) {
    problems.push(...checkMember(scenario, member, ['cluster', 'terms', member]));
  }
  return problems;
}

function checkClocks(scenario: Scenario): Problem[] {
  return Object.keys(scenario.clocks).flatMap((member) =>
    checkMember(scenario, member, ['clocks', member]),
  );
}

function checkWorkload({ workload, swarm, cluster }: Scenario): Problem[] {
  const problems: Problem[] = [];
  if (workload.for === 0) problems.push(problem(['workload', 'for'], 'the run has no length'));
  const { mix, reads, kind } = workload;
  if (mix !== undefined && Object.values(mix).every((share) => share === 0) && kind !== 'none') {
    const message = 'every weight is 0; a run without operations is kind: none';
    problems.push(problem(['workload', 'mix'], message));
  }
  const leases = cluster.raft?.leaseReads ?? swarm.includes('raft');
  if ((reads?.lease ?? 0) > 0 && !leases) {
    const message = 'lease reads are refused unless cluster.raft.leaseReads is true';
    problems.push(problem(['workload', 'reads', 'lease'], message));
  }
  return problems;
}

function checkFaults(scenario: Scenario): Problem[] {
  const length = scenario.workload.for ?? DEFAULTS.duration;
  const problems: Problem[] = [];
  const known = knownMembers(scenario);
  const ids = new Set<number>();
  scenario.faults.forEach((line, index) => {
    const path = ['faults', index];
    const id = line.id ?? index;
    if (ids.has(id)) problems.push(problem([...path, 'id'], `another fault has the id ${id}`));
    ids.add(id);
    if (line.at >= length) {
      const message = `it begins at ${line.at / 1e6} s, and the run ends at ${length / 1e6} s`;
      problems.push(problem([...path, 'at'], message));
    } else if (line.at + line.duration > length) {
      const message = `it ends at ${(line.at + line.duration) / 1e6} s, and the run ends at ${length / 1e6} s`;
      problems.push(problem([...path, 'for'], message));
    }
    if (line.duration > 0 && !isHealed(line)) {
      problems.push(
        problem([...path, 'for'], `${line.fault} has nothing to heal: it takes no window`),
      );
    }
    problems.push(...checkNames(line, path, known));
  });
  return problems;
}

/** A schedule says everything that happens, to members that are there. */
function checkSchedule({ schedule, faults, swarm, cluster }: Scenario): Problem[] {
  if (schedule === undefined) return [];
  if (faults.length > 0) return [problem(['faults'], 'a schedule leaves nothing to faults')];
  if (swarm.length > 0) return [problem(['swarm'], 'a schedule leaves nothing to the seed')];
  let count = (cluster.voters ?? DEFAULTS.voters) + (cluster.learners ?? 0);
  return schedule.flatMap((step, place) => {
    if (step === `spawn n${count + 1}`) count += 1;
    const known = memberNames(count);
    const stranger = (step.match(/\bn[0-9]+\b/g) ?? []).find((name) => !known.includes(name));
    if (stranger === undefined) return [];
    const message = `there is no member ${stranger}; this cluster has ${known.join(', ')}`;
    return [problem(['schedule', place], message)];
  });
}

/** Rules and messages by name: Raft's are known here, those of a user's protocol (`workload: { kind: protocol }`) to their author. */
function checkWords({ workload, expect, faults }: Scenario): Problem[] {
  if (workload.kind === 'protocol') return [];
  const problems: Problem[] = [];
  if (expect !== 'pass' && !/^[SL][0-9]+$/.test(expect.violation)) {
    problems.push(problem(['expect'], 'expected pass, or a rule: violation S16'));
  }
  faults.forEach(({ fault, parameters }, index) => {
    for (const type of fault === 'partition' ? [parameters.types ?? []].flat() : []) {
      if (PEER_TYPES.some((known) => known === type)) continue;
      const message = `there is no message ${String(type)}; there are ${PEER_TYPES.join(', ')}`;
      const suggestion = nearest(String(type), PEER_TYPES);
      problems.push(problem(['faults', index, 'types'], message, suggestion));
    }
  });
  return problems;
}

/** A window means something when the fault has one, or heals what it did. */
function isHealed(line: FaultLine): boolean {
  const fault = faultNamed(line.fault);
  return fault?.window !== undefined || line.fault === 'crash' || line.fault === 'crash-all';
}

/** Everybody who may ever exist, in order of joining; null when the seed has a say. */
function knownMembers(scenario: Scenario): string[] | null {
  const count = memberCount(scenario);
  if (count === null) return null;
  const drawn = scenario.swarm.includes('membership') || scenario.swarm.includes('process');
  if (drawn) return null;
  let newcomers = 0;
  for (const line of scenario.faults) newcomers += countNewcomers(line);
  return memberNames(count + newcomers);
}

function countNewcomers(line: FaultLine): number {
  const { parameters } = line;
  if (line.fault === 'wipe' || line.fault === 'amnesia') return 1;
  if (line.fault === 'concurrent-changes') return Number(parameters.count);
  const joining = parameters.add ?? parameters.with ?? [];
  if (line.fault === 'promote') return parameters.target === 'learner' ? 1 : 0;
  return Array.isArray(joining) ? joining.length : 1;
}

/** Every member a fault names must exist at some time. */
function checkNames(
  line: FaultLine,
  path: readonly (string | number)[],
  known: readonly string[] | null,
): Problem[] {
  if (known === null) return [];
  const fault = faultNamed(line.fault);
  if (fault === null) return [];
  const problems: Problem[] = [];
  for (const [key, value] of Object.entries(line.parameters)) {
    const field = fieldOf(fault.schema, key);
    if (field === null || !speaksOfMembers(field)) continue;
    for (const name of [value].flat(2)) {
      if (typeof name !== 'string' || !/^n[0-9]+$/.test(name) || known.includes(name)) continue;
      const message = `there is no member ${name}; this run has ${known.join(', ')}`;
      problems.push(problem([...path, key], message));
    }
  }
  return problems;
}

function speaksOfMembers(field: NonNullable<ReturnType<typeof fieldOf>>): boolean {
  if (metaOf(field, 'target') === true || metaOf(field, 'newcomer') === true) return true;
  const element = fieldOf(unwrap(field), '0');
  return element !== null && speaksOfMembers(element);
}

function checkMember(
  scenario: Scenario,
  name: string,
  path: readonly (string | number)[],
): Problem[] {
  const count = memberCount(scenario);
  if (count === null) return [];
  const known = memberNames(count);
  if (known.includes(name)) return [];
  const message = `there is no member ${name}; this cluster has ${known.join(', ')}`;
  return [problem(path, message)];
}
