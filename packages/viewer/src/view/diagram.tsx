/** Space and time: a row an event, downwards; a lane a member, then the clients. Only the rows in sight exist. */
import type { TargetedEvent } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Filter, Layout } from '../model/layout.ts';
import type { Position, RunModel } from '../model/run-model.ts';
import { type Geometry, geometryOf, heightOf, ROW } from './geometry.ts';
import { Lanes } from './lanes.tsx';
import type { Tell } from './tooltip.tsx';
import { bandHue, eventLabel, px, standing, timeText } from './words.ts';

interface Props {
  readonly model: RunModel;
  readonly layout: Layout;
  readonly position: Position;
  readonly isLit: boolean;
  readonly filter: Filter;
  readonly onPin: (position: Position) => void;
  readonly onTell: Tell;
  readonly onFilter: (filter: Filter) => void;
  readonly onLight: (isLit: boolean) => void;
}

/** Rows drawn beyond each edge. */
const SPARE = 12;

/** What of the scrolled picture can be seen. */
interface Window {
  readonly top: number;
  readonly height: number;
  readonly width: number;
}

export function Diagram(props: Props) {
  const { model, layout, position, isLit, onPin, onTell } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState<Window>({ top: 0, height: 600, width: 900 });
  const look = () => {
    const { scrollTop = 0, clientHeight = 0, clientWidth = 0 } = scroller.current ?? {};
    setSeen({ top: scrollTop, height: clientHeight, width: clientWidth });
  };
  useEffect(() => {
    const sizes = new ResizeObserver(look);
    sizes.observe(scroller.current as HTMLDivElement);
    return () => sizes.disconnect();
  }, []);
  const geometry = useMemo(() => geometryOf(model, seen.width), [model, seen.width]);
  const row = layout.rowOf(position);
  useLayoutEffect(() => follow(scroller.current as HTMLDivElement, row), [layout, row]);

  const first = Math.max(0, Math.floor(seen.top / ROW) - SPARE);
  const last = Math.min(layout.rows.length - 1, Math.ceil((seen.top + seen.height) / ROW) + SPARE);
  return (
    <section class={isLit && model.past.size > 0 ? 'diagram lit' : 'diagram'} aria-label="The run">
      <Filters {...props} />
      <div
        class="scroller"
        ref={scroller}
        onScroll={look}
        tabIndex={0}
        role="listbox"
        aria-label="Events"
      >
        <LaneNames model={model} geometry={geometry} position={position} />
        <div
          class="canvas"
          style={{ height: px(heightOf(layout)), minWidth: px(geometry.textFrom + 200) }}
        >
          {range(first, last).map((n) => (
            <EventRow key={n} {...{ model, layout, geometry, onPin }} row={n} isNow={n === row} />
          ))}
          <Lanes {...{ model, layout, geometry, first, last, onPin }} now={row} tell={onTell} />
        </div>
      </div>
    </section>
  );
}

function range(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, n) => first + n);
}

/** Keeps the moment in sight, away from the edges. */
function follow(scroller: HTMLDivElement, row: number): void {
  const { scrollTop, clientHeight } = scroller;
  const [top, margin] = [row * ROW, clientHeight / 5];
  const isHigh = top < scrollTop + margin;
  const isLow = top + ROW > scrollTop + clientHeight - margin;
  if (!isHigh && !isLow) return;
  const isFar = top < scrollTop || top > scrollTop + clientHeight;
  if (isFar) scroller.scrollTop = top - clientHeight / 2;
  else scroller.scrollTop = isHigh ? top - margin : top + ROW + margin - clientHeight;
}

interface RowProps {
  readonly model: RunModel;
  readonly layout: Layout;
  readonly geometry: Geometry;
  readonly row: number;
  readonly isNow: boolean;
  readonly onPin: (position: Position) => void;
}

function EventRow({ model, layout, geometry, row, isNow, onPin }: RowProps) {
  const position = layout.rows[row] as Position;
  const event = model.events[position] as RunModel['events'][number];
  const { header } = model.run.recording;
  const why = model.steps.get(position);
  const marks = [
    'row',
    isNow && 'now',
    position === model.violation && 'violation',
    model.past.has(position) && 'past',
    model.interesting.has(position) && 'interesting',
  ];
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: keys move the moment everywhere on the page.
    // biome-ignore lint/a11y/useFocusableInteractive: the list has the focus.
    <div
      class={marks.filter(Boolean).join(' ')}
      role="option"
      aria-selected={isNow}
      aria-label={eventLabel(event, header)}
      style={{ top: px(row * ROW), height: px(ROW) }}
      onClick={() => onPin(position)}
    >
      <span class="number">{event.number}</span>
      <span class="time">{timeText(event.time, header)}</span>
      <span class="what" style={{ left: px(geometry.textFrom) }}>
        {why === undefined ? null : <b class="why">{why}</b>}
        {event.what}
        {event.did.map(({ line }) => (
          <i key={line}> · {line}</i>
        ))}
      </span>
    </div>
  );
}

/** Above the lanes: who it is, and what it is at the moment. */
function LaneNames(props: {
  readonly model: RunModel;
  readonly geometry: Geometry;
  readonly position: Position;
}) {
  const { model, geometry, position } = props;
  const { header } = model.run.recording;
  const states = model.timeline.at(model.events[position]?.number ?? -1);
  return (
    <div class="lane-names" style={{ minWidth: px(geometry.textFrom + 200) }}>
      <span class="number">event</span>
      <span class="time">{header.isSchedule ? '' : 'time'}</span>
      {model.lanes.map(({ name }) => {
        const state = states.get(name);
        const stands = state === undefined ? '' : standing(state, geometry.isNarrow, header);
        return (
          <span key={name} class="lane-name" style={{ left: px(geometry.x(name)) }}>
            <b>{name}</b>
            {state !== undefined && stands !== '' && (
              <small class={bandHue(state.term, header)}>{stands}</small>
            )}
          </span>
        );
      })}
    </div>
  );
}

const SHOWN: Readonly<Record<Filter, string>> = {
  all: 'all events',
  past: 'what the violation follows from',
  steps: 'what mattered',
};

function Filters({ model, layout, filter, isLit, onFilter, onLight }: Props) {
  const { events, past, steps } = model;
  const counts: Record<Filter, number> = { all: events.length, past: past.size, steps: steps.size };
  const choose = ({ currentTarget }: TargetedEvent<HTMLInputElement>) =>
    onFilter(currentTarget.value as Filter);
  return (
    <form class="filters" aria-label="Which events are shown">
      {(Object.keys(SHOWN) as Filter[])
        .filter((one) => one === 'all' || counts[one] > 0)
        .map((one) => (
          <label key={one}>
            <input
              type="radio"
              name="filter"
              value={one}
              checked={one === filter}
              onChange={choose}
            />
            {SHOWN[one]} <span class="count">{counts[one]}</span>
          </label>
        ))}
      {past.size > 0 && (
        <label class="light">
          <input
            type="checkbox"
            checked={isLit}
            onChange={({ currentTarget }) => onLight(currentTarget.checked)}
          />
          light up the causal past
        </label>
      )}
      {layout.rows.length === 0 && <span>Nothing to show here.</span>}
    </form>
  );
}
