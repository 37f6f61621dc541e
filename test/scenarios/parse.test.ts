/** Scenario files: what people write becomes the plan's integers; what they get wrong is told with line, column and a hint, and nothing throws. */
import { fc, test } from '@fast-check/vitest';
import { defineScenario, ScenarioError } from '@seedraft/sim';
import { parseScenario } from 'seedraft';
import { describe, expect } from 'vitest';

const EXAMPLE = `
name: deaf leader
story: The leader hears nobody but everyone hears it. It must step down, and nothing it acknowledged may be lost.
cluster: { voters: 5, raft: { preVote: true, electionTimeout: [150, 300] } }
clocks: { n2: { offset: 900ms, drift: 200ppm } }
workload: { kind: kv, clients: 4, rate: 100, keys: 5, mix: { get: 5, put: 4, cas: 1 }, for: 20s }
faults:
  - { at: 2s, partition: { into: leader }, for: 3s }
  - { at: 6s, crash: leader, when: persist-pending, restart: 500ms, disk: torn }
  - { at: 9s, swizzle: { fraction: 0.5 }, for: 4s }
  - { at: 12s, replace: n3, with: n6 }
swarm: [disk, network]
expect: pass
`;

/** `line:column path: message (suggestion)` of every problem. */
function problems(text: string): string[] {
  const parsed = parseScenario(text);
  if (parsed.ok) return [];
  return parsed.problems.map(
    ({ line, column, path, message, suggestion }) =>
      `${line}:${column} ${path}: ${message}${suggestion === null ? '' : ` (${suggestion})`}`,
  );
}

describe('a scenario file', () => {
  test('reads every kind of line', () => {
    const parsed = parseScenario(EXAMPLE);
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    const { faults, clocks, swarm, workload } = parsed.scenario;
    expect(clocks).toEqual({ n2: { offset: 900_000, drift: 200 } });
    expect(workload.for).toBe(20_000_000);
    expect(swarm).toEqual(['disk', 'network']);
    expect(faults.map(({ at, duration, fault }) => [at, duration, fault])).toEqual([
      [2_000_000, 3_000_000, 'partition'],
      [6_000_000, 0, 'crash'],
      [9_000_000, 4_000_000, 'swizzle'],
      [12_000_000, 0, 'replace'],
    ]);
    expect(faults[0]?.parameters).toMatchObject({
      shape: 'isolate',
      target: 'leader',
      direction: 'inbound',
    });
    expect(faults[1]?.parameters).toMatchObject({
      when: 'persist-pending',
      restart: 500_000,
      disk: 'torn',
    });
  });

  test('is the same in TypeScript', () => {
    const parsed = parseScenario(EXAMPLE);
    const built = defineScenario({
      name: 'deaf leader',
      story:
        'The leader hears nobody but everyone hears it. It must step down, and nothing it acknowledged may be lost.',
      cluster: { voters: 5, raft: { preVote: true, electionTimeout: [150, 300] } },
      clocks: { n2: { offset: '900ms', drift: '200ppm' } },
      workload: {
        kind: 'kv',
        clients: 4,
        rate: 100,
        keys: 5,
        mix: { get: 5, put: 4, cas: 1 },
        for: '20s',
      },
      faults: [
        { at: '2s', partition: { into: 'leader' }, for: '3s' },
        { at: '6s', crash: 'leader', when: 'persist-pending', restart: '500ms', disk: 'torn' },
        { at: '9s', swizzle: { fraction: 0.5 }, for: '4s' },
        { at: '12s', replace: 'n3', with: 'n6' },
      ],
      swarm: ['disk', 'network'],
      expect: 'pass',
    });
    expect(parsed).toEqual({ ok: true, scenario: built });
  });

  test('a parameter may stand beside the fault, below it, or be its subject', () => {
    const ways = [
      'crash: n2, restart: 1s',
      'crash: { target: n2, restart: 1s }',
      'crash: { restart: 1s }, target: n2',
    ];
    const read = ways.map((way) => parseScenario(`{ name: x, faults: [{ at: 1s, ${way} }] }`));
    expect(read[0]).toMatchObject({ ok: true });
    expect(read[1]).toEqual(read[0]);
    expect(read[2]).toEqual(read[0]);
  });

  test('JSON is YAML', () => {
    expect(
      parseScenario('{"name": "x", "faults": [{"at": "1s", "pause": "leader", "for": "1s"}]}').ok,
    ).toBe(true);
  });
});

describe('a mistake is told where it stands', () => {
  test.each([
    ['an unknown key', 'name: x\nclustr: {}', '2:1 clustr: unknown key clustr', '(cluster)'],
    [
      'an unknown knob',
      'name: x\ncluster:\n  raft: { prevote: true }',
      '3:11 cluster.raft.prevote: unknown key',
      '(preVote)',
    ],
    ['no voters', 'name: x\ncluster:\n  voters: 0', '3:3 cluster.voters: ', '>=1'],
    [
      'an unknown fault',
      'name: x\nfaults:\n  - { at: 1s, partitoin: split }',
      '3:15 faults[0].partitoin: there is no fault',
      '(partition)',
    ],
    [
      'an unknown shape',
      'name: x\nfaults:\n  - { at: 1s, partition: brige, for: 1s }',
      '3:15 faults[0].partition: expected one of',
      '(bridge)',
    ],
    [
      'an unknown parameter',
      'name: x\nfaults:\n  - { at: 1s, crash: n1, restrat: 1s }',
      '3:26 faults[0].restrat: crash has no parameter',
      '(restart)',
    ],
    [
      'two faults in one line',
      'name: x\nfaults:\n  - { at: 1s, crash: n1, pause: n2 }',
      '3:5 faults[0]: one fault a line',
      'crash and pause',
    ],
    [
      'a duration without a unit',
      'name: x\nfaults:\n  - { at: 5, crash: n1 }',
      '3:7 faults[0].at: ',
      'with its unit, such as 900ms',
    ],
    [
      'a target nobody knows',
      'name: x\nfaults:\n  - { at: 1s, crash: boss }',
      '3:15 faults[0].crash: expected a member',
      'leader',
    ],
    [
      'a member that does not exist',
      'name: x\nfaults:\n  - { at: 1s, crash: n9 }',
      '3:15 faults[0].target: there is no member n9',
      'n1, n2, n3, n4, n5',
    ],
    [
      'a member of a group that does not exist',
      'name: x\nfaults:\n  - { at: 1s, partition: { groups: [[n1], [n8]] }, for: 1s }',
      'faults[0].groups: there is no member n8',
      'n5',
    ],
    [
      'a fault after the end',
      'name: x\nworkload: { for: 5s }\nfaults:\n  - { at: 6s, crash: n1 }',
      '4:7 faults[0].at: it begins at 6 s',
      'ends at 5 s',
    ],
    [
      'a window beyond the end',
      'name: x\nworkload: { for: 5s }\nfaults:\n  - { at: 4s, pause: n1, for: 2s }',
      '4:26 faults[0].for: it ends at 6 s',
      '5 s',
    ],
    [
      'a window for what needs none',
      'name: x\nfaults:\n  - { at: 4s, campaign: n1, for: 2s }',
      'faults[0].for: campaign has nothing to heal',
      '',
    ],
    [
      'timeouts the wrong way round',
      'name: x\ncluster: { raft: { electionTimeout: [300, 150] } }',
      'cluster.raft.electionTimeout: the shortest',
      '([150, 300])',
    ],
    [
      'heartbeats that come too late',
      'name: x\ncluster: { raft: { heartbeatInterval: 200 } }',
      '2:20 cluster.raft.heartbeatInterval: a heartbeat every 200 ms',
      '150',
    ],
    [
      'leases without what they stand on',
      'name: x\ncluster: { raft: { leaseReads: true, checkQuorum: false } }',
      'leaseReads: leases stand on checkQuorum',
      '',
    ],
    [
      'a log whose terms go back',
      'name: x\ncluster: { logs: { n1: [1, 3, 2] } }',
      'cluster.logs.n1: terms never decrease',
      '',
    ],
    [
      'a clock of nobody',
      'name: x\nclocks: { n7: { drift: 1% } }',
      '2:11 clocks.n7: there is no member n7',
      '',
    ],
    [
      'an expectation nobody has',
      'name: x\nexpect: fail',
      '2:1 expect: expected pass, or a rule',
      '',
    ],
    ['YAML that is none', 'name: [x', '1:9 : ', ''],
    ['a key twice', 'name: x\nname: y', '2:1 : Map keys must be unique', ''],
    ['nothing at all', '', '1:1 : ', ''],
  ])('%s', (_, text, beginning, hint) => {
    const found = problems(text).join('\n');
    expect(found).toContain(beginning);
    expect(found).toContain(hint);
  });

  test('all mistakes are told at once, in the order of the file', () => {
    const found = problems('name: x\ncluster: { voters: 0 }\nswarm: [dsk]\nexpects: pass');
    expect(found).toHaveLength(3);
    expect(found.map((line) => line.split(':')[0])).toEqual(['2', '3', '4']);
  });

  test('in TypeScript they are thrown, all in one message', () => {
    expect(() =>
      defineScenario({ name: 'x', cluster: { voters: 0 }, swarm: 'some' as 'all' }),
    ).toThrow(ScenarioError);
  });

  test.prop([fc.string()])('no text throws', (text) => {
    expect(parseScenario(text)).toHaveProperty('ok');
  });

  test.prop([fc.nat(EXAMPLE.length), fc.string({ maxLength: 3 }), fc.nat(5)])(
    'nor does a damaged file, and every problem has a place in it',
    (at, inserted, removed) => {
      const text = EXAMPLE.slice(0, at) + inserted + EXAMPLE.slice(at + removed);
      const parsed = parseScenario(text);
      if (parsed.ok) return;
      const lines = text.split('\n').length;
      expect(parsed.problems.length).toBeGreaterThan(0);
      for (const { line, column, message } of parsed.problems) {
        expect(line).toBeGreaterThanOrEqual(1);
        expect(line).toBeLessThanOrEqual(lines);
        expect(column).toBeGreaterThanOrEqual(1);
        expect(message).not.toBe('');
      }
    },
  );
});
