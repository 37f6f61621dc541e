/** The logs at the moment: a cell an entry, with its term; the heavy line is where a member's commitIndex stands; faint is not yet durable. */
import { useEffect, useState } from 'preact/hooks';
import { type GridRow, type LogGrid, logGrid } from '../model/log-grid.ts';
import type { RunModel } from '../model/run-model.ts';
import type { States } from '../model/state-timeline.ts';
import { termClass } from './words.ts';

const COLUMNS = 16;

export function LogPanel({ model, states }: { readonly model: RunModel; readonly states: States }) {
  const [back, setBack] = useState(0);
  useEffect(() => setBack(0), [model]);
  const { about, members } = model.run.recording.header;
  const names = members.map(({ name }) => name);
  const grid = logGrid(states, names, COLUMNS, back);
  if (grid.last === 0) return null;
  const step = COLUMNS / 2;
  return (
    <section>
      <h2>
        Logs
        <span class="pager">
          <button
            type="button"
            aria-label="Earlier entries"
            disabled={grid.first <= 1}
            onClick={() => setBack(back + step)}
          >
            ‹
          </button>
          <button
            type="button"
            aria-label="Later entries"
            disabled={back === 0}
            onClick={() => setBack(Math.max(0, back - step))}
          >
            ›
          </button>
        </span>
      </h2>
      <table class="log">
        <thead>
          <tr>
            <th scope="col">
              <span class="hidden">member</span>
            </th>
            {indexesOf(grid).map((index) => (
              <th key={index} scope="col" class={about.indexes.includes(index) ? 'named' : ''}>
                {index}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {grid.rows.map((row) => (
            <LogRow key={row.member} row={row} named={about.indexes} first={grid.first} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function indexesOf({ first, columns }: LogGrid): number[] {
  return Array.from({ length: columns }, (_, n) => first + n);
}

interface RowProps {
  readonly row: GridRow;
  readonly first: number;
  readonly named: readonly number[];
}

function LogRow({ row: { member, state, cells }, first, named }: RowProps) {
  return (
    <tr class={state.status}>
      <th scope="row">{member}</th>
      {cells.map((cell, n) => {
        const index = first + n;
        const edge = index === state.commitIndex ? 'commit-line' : '';
        const isNamed = named.includes(index) ? 'named' : '';
        if (cell === null) return <td key={index} class={`${edge} ${isNamed}`} />;
        if (cell === 'snapshot') {
          return (
            <td
              key={index}
              class={`snapshot ${edge} ${isNamed}`}
              title={`${index}: in its snapshot`}
            >
              ▒
            </td>
          );
        }
        const told = [
          cell.isCommitted ? 'committed' : 'not committed',
          cell.isApplied ? 'applied' : 'not applied',
          cell.isDurable ? 'durable' : 'not known to be durable',
        ];
        const classes = `entry ${termClass(cell.term)} ${cell.isDurable ? '' : 'volatile'} ${cell.isCommitted ? 'committed' : ''}`;
        return (
          <td
            key={index}
            class={`${classes} ${edge} ${isNamed}`}
            title={`${member} ${index}@${cell.term}: ${told.join(', ')}`}
          >
            {cell.term}
          </td>
        );
      })}
    </tr>
  );
}
