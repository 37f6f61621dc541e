/** The drawn half of the picture: bands of role and term, faults, operations, messages, and a mark an event. */
import type { Layout, PlacedLetter } from '../model/layout.ts';
import { rowFrom } from '../model/layout.ts';
import { answerText, askedText } from '../model/operations.ts';
import type { Band, Position, RunModel } from '../model/run-model.ts';
import { type Geometry, HALF_BAND, middleOf, ROW } from './geometry.ts';
import { Letter } from './letter.tsx';
import { type Tell, telling } from './tooltip.tsx';
import { bandHue, eventLabel, hueOf, px, roleText, standing } from './words.ts';

interface Props {
  readonly model: RunModel;
  readonly layout: Layout;
  readonly geometry: Geometry;
  readonly first: number;
  readonly last: number;
  readonly now: number;
  readonly tell: Tell;
  readonly onPin: (position: Position) => void;
}

export function Lanes(props: Props) {
  const { model, layout, geometry, first, last, now, tell, onPin } = props;
  const letters = layout.lettersIn(first, last);
  const height = Math.max(0, last - first + 1) * ROW;
  return (
    <svg
      class="lanes"
      aria-hidden="true"
      width={geometry.textFrom}
      height={height}
      viewBox={`0 ${first * ROW} ${geometry.textFrom} ${height}`}
      style={{ top: px(first * ROW) }}
    >
      <Patterns />
      {model.lanes.map(({ name, kind }) => (
        <line
          key={name}
          class={`lane ${kind}`}
          x1={geometry.x(name)}
          x2={geometry.x(name)}
          y1={first * ROW}
          y2={(last + 1) * ROW}
        />
      ))}
      <Bands {...props} />
      <Faults {...props} />
      <Operations {...props} />
      <g class="letters">
        {letters.map((letter) => (
          <Letter
            key={letter.message.id}
            {...{ letter, geometry, tell }}
            hue={hueOf(letter.message, model.run.recording.header)}
            isNow={letter.from === now || (letter.fate === 'delivered' && letter.to === now)}
            onPin={() => onPin(layout.rows[targetOf(letter)] ?? 0)}
          />
        ))}
      </g>
      <Marks {...props} />
    </svg>
  );
}

const targetOf = ({ fate, from, to }: PlacedLetter): number => (fate === 'delivered' ? to : from);

/** Roles and absences differ by pattern, not by colour. */
function Patterns() {
  return (
    <defs>
      <pattern id="candidate" width="6" height="6" patternUnits="userSpaceOnUse">
        <path class="hatch" d="M-1 7L7 -1M-1 1L1 -1M5 7L7 5" />
      </pattern>
      <pattern id="paused" width="5" height="5" patternUnits="userSpaceOnUse">
        <circle class="dot" cx="2.5" cy="2.5" r="1.1" />
      </pattern>
    </defs>
  );
}

interface Stretch {
  readonly from: Position;
  readonly to: Position;
}

/** The pixels of positions [from, to), or null if they are out of sight. */
function spanOf(
  { from, to }: Stretch,
  { layout, first, last }: Props,
): [y: number, h: number] | null {
  const [start, end] = [rowFrom(layout, from), rowFrom(layout, to)];
  if (start > last || end < first || end <= start) return null;
  const top = Math.max(start, first - 1);
  return [top * ROW, (Math.min(end, last + 2) - top) * ROW];
}

function Bands(props: Props) {
  const { model, geometry } = props;
  return (
    <g class="bands">
      {model.lanes.flatMap(({ name }) =>
        (model.bands.get(name) ?? []).map((band) => (
          <BandMark key={`${name} ${band.from}`} x={geometry.x(name)} band={band} all={props} />
        )),
      )}
    </g>
  );
}

function BandMark({
  x,
  band,
  all,
}: {
  readonly x: number;
  readonly band: Band;
  readonly all: Props;
}) {
  const span = spanOf(band, all);
  if (span === null) return null;
  const [y, height] = span;
  const { header } = all.model.run.recording;
  const start = rowFrom(all.layout, band.from);
  const place = { x: x - HALF_BAND, y, width: 2 * HALF_BAND, height };
  const role = roleText(band);
  const isHatched = role.endsWith('candidate') || role === 'paused';
  return (
    <>
      <rect class={`band ${role} ${bandHue(band.term, header)}`} {...place} rx="3" />
      {isHatched && (
        <rect
          class="over"
          {...place}
          rx="3"
          fill={`url(#${role === 'paused' ? role : 'candidate'})`}
        />
      )}
      <text class="band-label" x={x + HALF_BAND + 3} y={middleOf(start) + 3}>
        {standing(band, all.geometry.isNarrow, header)}
      </text>
    </>
  );
}

function Faults(props: Props) {
  const { geometry, tell } = props;
  return (
    <g class="faults">
      {geometry.faults.map(({ fault, from, to, column }) => {
        const span = spanOf({ from, to: to + 1 }, props);
        if (span === null) return null;
        const end = fault.to === null ? '' : 'until the end of the bar';
        return (
          <rect
            key={`${fault.event} ${fault.sentence}`}
            class={from === to ? 'fault moment' : 'fault'}
            x={geometry.faultX(column)}
            y={span[0] + 3}
            width="6"
            height={span[1] - 6}
            rx="2"
            {...telling(tell, fault.name, [fault.sentence, end].filter(Boolean))}
          />
        );
      })}
    </g>
  );
}

function Operations(props: Props) {
  const { geometry, tell } = props;
  return (
    <g class="operations">
      {geometry.operations.map(({ operation, from, to }) => {
        const span = spanOf({ from, to: to + 1 }, props);
        if (span === null) return null;
        const x = geometry.x(operation.client);
        const lines = [askedText(operation, 300), answerText(operation, 300)];
        return (
          <g key={operation.id} {...telling(tell, `operation ${operation.id}`, lines)}>
            <rect
              class={`operation ${operation.outcome}`}
              x={x - 8}
              y={span[0] + 2}
              width="16"
              height={span[1] - 4}
              rx="4"
            />
            <text class="operation-label" x={x + 11} y={middleOf(rowFrom(props.layout, from)) + 3}>
              {operation.f}
            </text>
          </g>
        );
      })}
    </g>
  );
}

const STAR = 'M0-9L2.6-3.2 8.9-2.6 4.1 1.6 5.6 7.8 0 4.4-5.6 7.8-4.1 1.6-8.9-2.6-2.6-3.2Z';

function Marks({ model, layout, geometry, first, last, tell, onPin }: Props) {
  const { header } = model.run.recording;
  return (
    <g class="marks">
      {layout.rows.slice(first, last + 1).map((position, n) => {
        const event = model.events[position];
        if (event === undefined) return null;
        const [x, y] = [geometry.x(event.where), middleOf(first + n)];
        const isPast = model.past.has(position) ? 'past' : '';
        const isInteresting = model.interesting.has(position);
        const lines = event.did.map(({ line }) => line);
        const why = model.steps.get(position);
        const hover = {
          ...telling(tell, eventLabel(event, header), why === undefined ? lines : [why, ...lines]),
          onClick: () => onPin(position),
        };
        if (position === model.violation) {
          return (
            <path
              key={position}
              class="mark violation"
              d={STAR}
              transform={`translate(${x} ${y})`}
              {...hover}
            />
          );
        }
        const isDown = event.did.some(
          ({ type, member }) => type === 'down' && member === event.where,
        );
        if (isDown || event.kind === 'Crash') {
          return (
            <path
              key={position}
              class={`mark crash ${isPast}`}
              d={`M${x - 5} ${y - 5}L${x + 5} ${y + 5}M${x + 5} ${y - 5}L${x - 5} ${y + 5}`}
              {...hover}
            />
          );
        }
        return (
          <circle
            key={position}
            class={`mark ${event.kind} ${isPast} ${isInteresting ? 'interesting' : ''}`}
            cx={x}
            cy={y}
            r={isInteresting ? 5 : 3.5}
            {...hover}
          />
        );
      })}
    </g>
  );
}
