/**
 * `explain` of a protocol of one's own: two-phase commit with a planted bug is explained by the very events that make it, and by no other
 * transaction's; a recording is what the run was, in the protocol's own words, and changes nothing; other kinds of failure have their past too.
 */
import {
  cutRecording,
  type Protocol,
  packRecording,
  planOptionsOf,
  type Recording,
  readScenario,
  record,
  relevantPast,
  run,
  type ScenarioInput,
  scenarioToPlan,
  stateAt,
  unpackRecording,
  violation,
} from '@seedraft/sim';
import { describe, expect, test } from 'vitest';
import {
  explain,
  explanationNdjson,
  explanationText,
} from '../../packages/seedraft/src/reporters/explanation.ts';
import { hastyPlan, hastyProtocol, soundProtocol } from './hasty.ts';

const { result, recording } = record(hastyPlan(), { own: hastyProtocol });
const whys = (of: Recording) => relevantPast(of).steps.map(({ why }) => why);

function recorded(own: Protocol, scenario: Omit<ScenarioInput, 'name'>, seed = '1'): Recording {
  const read = readScenario({ name: 'own', ...scenario });
  if (!read.ok) throw new Error(read.problems[0]?.message);
  return record(scenarioToPlan(read.scenario, seed, planOptionsOf(own)), { own }).recording;
}

describe('a recording of a protocol', () => {
  test('changes nothing in the run', () => {
    expect(result.hash).toBe(run(hastyPlan(), { own: hastyProtocol }).hash);
    expect(result.sentence).toBe('n2 is told to Abort transaction 2, and n3 was told to Commit it');
  });

  test('is in its own words, with every end of a message', () => {
    const { header, messages, events } = recording;
    expect(header.protocol).toEqual({
      name: 'two-phase commit',
      messages: ['Prepare', 'Vote', 'Commit', 'Abort', 'Ask'],
      definition: 'No participant is told to commit what another is told to abort.',
    });
    expect(header.about).toMatchObject({ members: ['n2', 'n3'], terms: [], indexes: [] });
    expect(events.length).toBe(result.events);
    const commits = messages.filter(({ type }) => type === 'Commit');
    expect(commits.map(({ to, detail, lost }) => [to, detail, lost?.reason])).toEqual([
      ['n2', '{"tx":2}', 'dropped'],
      ['n3', '{"tx":2}', undefined],
    ]);
    for (const { deliveredAt, lost, arrivesAt } of messages) {
      expect(deliveredAt !== null || lost !== null || arrivesAt !== null).toBe(true);
    }
  });

  test('has what members show and what their disks hold, at any moment', () => {
    const committing = recording.messages.find(({ type }) => type === 'Commit')?.sentBy ?? -1;
    const crash = recording.events.find(({ did }) => did.some(({ type }) => type === 'down'))!;
    const coordinator = (event: number) => stateAt(recording, event).get('n1');
    expect(coordinator(committing)).toMatchObject({
      status: 'up',
      role: 'leader',
      own: { fields: { role: '"coordinator"', committed: '["2"]' }, records: {} },
    });
    expect(coordinator(crash.number)).toMatchObject({ status: 'down', own: { fields: {} } });
    const last = stateAt(recording, Infinity);
    expect(last.get('n1')?.own?.fields).toMatchObject({ committed: '[]' });
    expect(last.get('n3')?.own?.records).toEqual({ 'seat 0': '"guest 2"' });
    expect(last.get('n2')?.own?.records).toEqual({
      'tx 2': '{"who":"guest 2","thing":"seat 0"}',
    });
  });

  test('packed, unpacked and cut is the same', () => {
    expect(unpackRecording(JSON.parse(JSON.stringify(packRecording(recording))))).toEqual(
      JSON.parse(JSON.stringify(recording)),
    );
    const cut = cutRecording(recording, { last: 12 });
    for (const { number } of cut.events) {
      expect(stateAt(cut, number)).toEqual(stateAt(recording, number));
    }
  });
});

test('a write that a crash met was kept or undone, as the disk says', () => {
  const fatesOf = (disk: 'kept' | 'dropped') => {
    const crash = { target: 'n2', disk, when: 'persist-pending', restart: '10ms' } as const;
    const { events } = recorded(soundProtocol, {
      cluster: { voters: 3 },
      workload: { for: '2s', rate: 60 },
      liveness: false,
      faults: [200, 600, 1000].map((at) => ({ at: `${at}ms`, crash })),
    });
    const deeds = events.flatMap(({ did }) => did);
    return new Set(deeds.flatMap((deed) => (deed.type === 'write' ? [deed.fate] : [])));
  };
  expect(fatesOf('kept')).toEqual(new Set(['durable', 'kept']));
  expect(fatesOf('dropped')).toEqual(new Set(['durable', 'undone']));
});

describe('the planted bug', () => {
  test('is explained by its own events', () => {
    const told = whys(recording).join('\n');
    expect(told).toMatch(
      /n1 answers operation 2: "booked"; n1 begins to write {"2":"commit"}, which was lost when it went down; n1 sends Commit to n2 \(lost on the way\), n3/,
    );
    expect(told).toMatch(/disk-error: the next write of n1 fails/);
    expect(told).toMatch(/n3 takes Commit {"tx":2} of n1/);
    expect(told).toMatch(/n1 starts from its disk/);
    expect(told).toMatch(/n1 takes Ask {"tx":2} of n2; n1 sends Abort to n2/);
    expect(whys(recording).at(-1)).toMatch(/^here the rule is broken: n2 takes Abort {"tx":2}/);
    expect(told).not.toMatch(/"tx":[013-9]/);
  });

  test('in words: the rule, a paragraph, a table', () => {
    const text = explanationText(explain(recording, false));
    expect(text).toMatch(/^.*atomicity: hasty, seed 13~39/);
    expect(text).toContain('No participant is told to commit what another is told to abort.');
    expect(text.replaceAll('\n', ' ')).toContain(
      'n2 is told to Abort transaction 2, and n3 was told to Commit it: that breaks atomicity.',
    );
    expect(text).toMatch(/#\d+ +0\.\d+ +n2 +n1->n2 Prepare#/);
  });

  test('--all is its whole causal past, closed under causes', () => {
    const lines = explanationNdjson(explain(recording, true))
      .split('\n')
      .map((line) => JSON.parse(line) as { event: number; causes: number[] });
    const known = new Set(lines.map(({ event }) => event));
    for (const { causes } of lines) for (const cause of causes) expect(known).toContain(cause);
    expect(lines.length).toBeGreaterThan(relevantPast(recording).steps.length);
    expect(lines.at(-1)?.event).toBe(recording.header.violation);
  });
});

describe('other failures', () => {
  const short = { cluster: { voters: 3 }, workload: { for: '1s' }, liveness: false } as const;

  test('of the model: by the operations that it names', () => {
    const model = {
      ...soundProtocol.model!,
      name: 'nobody gets anything',
      step: () => null,
    } as unknown as NonNullable<Protocol['model']>;
    const judged = recorded({ ...soundProtocol, model }, short);
    expect(judged.header).toMatchObject({ rule: 'LIN', isJudgedAtEnd: true });
    expect(judged.header.about.operations.length).toBeGreaterThan(0);
    expect(whys(judged).join('\n')).toMatch(/c\d+ learns from n\d of operation \d+/);
  });

  test('of a member that throws: by what it was given', () => {
    const member: Protocol['member'] = (ports) => {
      const real = soundProtocol.member(ports);
      return {
        state: () => real.state(),
        step(input) {
          if (input.type === 'Receive' && input.message.type === 'Commit') {
            throw new Error('no idea what to do');
          }
          return real.step(input);
        },
      };
    };
    const broken = recorded({ ...soundProtocol, member }, short);
    expect(broken.header).toMatchObject({ rule: 'S22', isJudgedAtEnd: false });
    expect(whys(broken).at(-1)).toMatch(/^here the rule is broken: n\d takes Commit/);
    expect(whys(broken).join('\n')).toMatch(/n1 sends Commit to n2/);
  });

  test('of recovery: by who stood where, and who waits', () => {
    const mute: Protocol['member'] = () => ({ step: () => undefined, state: () => ({ mute: 1 }) });
    const stuck = recorded({ ...soundProtocol, member: mute }, { ...short, liveness: true });
    expect(stuck.header).toMatchObject({ verdict: 'liveness', rule: 'recovers' });
    const text = explanationText(explain(stuck, false));
    expect(text).toMatch(/n1 +up, mute 1/);
    expect(text).toMatch(/c\d+ +since #\d+ +waits for operation \d+ \(\w+\), last asked of n\d/);
  });

  test('whose messages say nothing of what it is about: by all that was done', () => {
    const rule = {
      name: 'silence',
      definition: 'Nobody asks.',
      watch: () => ({
        check(_: unknown, event: { type: string; input?: { type: string } }) {
          if (event.type === 'step' && event.input?.type === 'Tick') {
            throw violation('silence', 'somebody asks');
          }
          return true;
        },
      }),
    };
    const dull = recorded(
      { ...soundProtocol, rules: [rule] as Protocol['rules'] & {} },
      {
        ...short,
        network: { drop: '40%' },
      },
    );
    expect(dull.header.rule).toBe('silence');
    expect(whys(dull).length).toBeGreaterThan(1);
    expect(whys(dull).at(-1)).toMatch(/^here the rule is broken/);
  });
});
