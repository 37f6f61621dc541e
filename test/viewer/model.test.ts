/**
 * The pure half of the page, over a recorded run with crashes, a partition, snapshots and clients: what is drawn is what the recording says,
 * at any moment, whatever is filtered out.
 */
import { readScenario, record, relevantPast, scenarioToPlan, stateAt } from '@seedraft/sim';
import { describe, expect, test } from 'vitest';
import { barColumns } from '../../packages/viewer/src/model/faults.ts';
import { layoutOf, nextAmong, rowFrom } from '../../packages/viewer/src/model/layout.ts';
import { lastIndex, logGrid } from '../../packages/viewer/src/model/log-grid.ts';
import { placedOperations } from '../../packages/viewer/src/model/operations.ts';
import { modelOf } from '../../packages/viewer/src/model/run-model.ts';
import { StateTimeline } from '../../packages/viewer/src/model/state-timeline.ts';
import { storyOf } from '../../packages/viewer/src/model/story.ts';

const read = readScenario({
  name: 'drawn',
  cluster: { voters: 3, snapshot: { everyEntries: 15 } },
  network: { latency: '3ms', drop: '5%' },
  workload: { for: '2s', clients: 2, rate: 60 },
  faults: [
    { at: '600ms', crash: 'leader', restart: '150ms' },
    { at: '1200ms', partition: { groups: [['n1'], ['n2', 'n3']] }, for: '200ms' },
  ],
  liveness: false,
});
if (!read.ok) throw new Error(read.problems[0]?.message);
const { recording } = record(scenarioToPlan(read.scenario, '3'));
const end = recording.events.length - 1;

/** As if the last event had broken a rule. */
const broken = {
  ...recording,
  header: { ...recording.header, verdict: 'violation' as const, rule: 'S1', violation: end },
};
const { steps } = relevantPast(broken);
const model = modelOf({ name: 'raw', recording: broken, rule: null, steps, replay: '' });

describe('moments', () => {
  test('have the states that the recording has', () => {
    const timeline = new StateTimeline(recording);
    for (let event = -1; event <= end; event += 97) {
      expect(timeline.at(event)).toEqual(stateAt(recording, event));
    }
    expect(timeline.at(end)).toEqual(stateAt(recording, end));
  });

  test('of interest are reached one after another, there and back', () => {
    const layout = layoutOf(model, 'all');
    const wanted = [...model.interesting].sort((a, b) => a - b).filter((at) => at > 0);
    const there: number[] = [];
    for (let at = 0, next = -1; ; at = next) {
      next = nextAmong(layout, model.interesting, at, 1);
      if (next === at) break;
      there.push(next);
    }
    expect(there).toEqual(wanted);
    expect(nextAmong(layout, model.interesting, there.at(-1)!, -1)).toBe(there.at(-2));
  });
});

describe('lanes', () => {
  test('are members by id, then the clients', () => {
    const names = model.lanes.map(({ name }) => name);
    expect(names).toEqual(['n1', 'n2', 'n3', 'c0', 'c1']);
  });

  test('bear bands that agree with the states, without gaps', () => {
    for (const [member, bands] of model.bands) {
      expect(bands.at(-1)?.to).toBe(end + 1);
      bands.forEach(({ from, to, term, role, status }, n) => {
        expect(to).toBeGreaterThan(from);
        if (n > 0) expect(from).toBe(bands[n - 1]?.to);
        const last = model.events[to - 1]!.number;
        for (const event of [model.events[from]!.number, last]) {
          expect(stateAt(recording, event).get(member)).toMatchObject({ term, role, status });
        }
      });
      expect(bands.some(({ status }) => status === 'down')).toBe(
        recording.states.some((change) => change.member === member && change.set.status === 'down'),
      );
    }
  });

  test('and faults from injection to end, side by side where they overlap', () => {
    const bars = barColumns(model);
    expect(bars.map(({ fault }) => fault.name)).toEqual(recording.faults.map(({ name }) => name));
    const partition = bars.find(({ fault }) => fault.name === 'partition')!;
    expect(model.events[partition.to]!.time - model.events[partition.from]!.time).toBe(200_000);
    for (const one of bars) {
      for (const other of bars) {
        if (one === other || one.column !== other.column || one.column === 3) continue;
        expect(one.to < other.from || other.to < one.from).toBe(true);
      }
    }
  });

  test('and operations from what was asked to what was answered', () => {
    const placed = placedOperations(model);
    expect(placed.length).toBeGreaterThan(10);
    for (const { operation, from, to } of placed) {
      expect(model.events[from]!.time).toBe(operation.invokedAt);
      if (operation.completedAt !== null) {
        expect(model.events[to]!.time).toBe(operation.completedAt);
      }
    }
  });
});

describe('messages', () => {
  const layout = layoutOf(model, 'all');
  const all = layout.lettersIn(0, end);

  test('all have a place, from the event that sent them to the one that took them', () => {
    expect(all.length).toBe(recording.messages.length);
    for (const { message, from, to, fate } of all) {
      expect(model.events[layout.rows[from]!]!.number).toBe(message.sentBy);
      if (fate !== 'delivered') continue;
      expect(model.events[layout.rows[to]!]!.number).toBe(message.deliveredAt);
      expect(to).toBeGreaterThan(from);
    }
    const lost = recording.messages.filter((one) => one.lost !== null && one.deliveredAt === null);
    expect(all.filter(({ fate }) => fate === 'lost').length).toBe(lost.length);
    expect(lost.length).toBeGreaterThan(5);
  });

  test('that cross a stretch of rows are found, and no others', () => {
    for (const [first, last] of [
      [0, 30],
      [100, 141],
      [end - 20, end],
    ] as const) {
      const expected = all.filter(({ from, to }) => from <= last && to >= first);
      expect(new Set(layout.lettersIn(first, last))).toEqual(new Set(expected));
    }
  });
});

describe('filters', () => {
  test('leave the past of the violation, or what mattered of it, in order', () => {
    const past = layoutOf(model, 'past');
    const mattered = layoutOf(model, 'steps');
    expect(past.rows).toEqual([...model.past].sort((a, b) => a - b));
    expect(mattered.rows.length).toBe(steps.length);
    for (const position of mattered.rows) expect(model.past.has(position)).toBe(true);
    expect(past.rows.length).toBeLessThan(end);
  });

  test('find the row of a moment, or the nearest one before it', () => {
    const layout = layoutOf(model, 'steps');
    layout.rows.forEach((position, row) => {
      expect(layout.rowOf(position)).toBe(row);
      expect(rowFrom(layout, position)).toBe(row);
      if (layout.rows[row + 1] === position + 1) return;
      expect(layout.rowOf(position + 1)).toBe(row);
      expect(rowFrom(layout, position + 1)).toBe(row + 1);
    });
  });
});

test('the grid of logs shows every entry with its term, and how far it is committed', () => {
  const states = model.timeline.at(recording.events[Math.floor(end / 2)]!.number);
  const grid = logGrid(states, ['n1', 'n2', 'n3'], 16, 0);
  expect(grid.last).toBe(Math.max(...[...states.values()].map(lastIndex)));
  for (const { member, state, cells } of grid.rows) {
    cells.forEach((cell, column) => {
      const index = grid.first + column;
      const run = state.log.find(({ first, last }) => first <= index && index <= last);
      if (cell === null) expect(run).toBeUndefined();
      else if (cell === 'snapshot') expect(index).toBeLessThanOrEqual(state.snapshotIndex);
      else
        expect(cell).toMatchObject({
          index,
          term: run?.term,
          isCommitted: index <= states.get(member)!.commitIndex,
        });
    });
  }
});

test('the story tells faults, leaders and who came and went', () => {
  const lines = storyOf(model)
    .map(({ text }) => text)
    .join('\n');
  expect(lines).toMatch(/becomes leader in term 1/);
  expect(lines).toMatch(/goes down; what it had in memory alone is lost/);
  expect(lines).toMatch(/starts from its disk in term/);
  expect(lines).toMatch(/over: messages between n1 and n2 and n3 are lost/);
});
