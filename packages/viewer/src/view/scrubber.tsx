/** The whole run at a glance, every event the same width: faults above, who led when below, the violation, and the moment, which can be dragged. */
import type { ComponentChildren, TargetedInputEvent } from 'preact';
import { useMemo } from 'preact/hooks';
import { barColumns } from '../model/faults.ts';
import type { Position, RunModel } from '../model/run-model.ts';
import type { Doing } from './keys.ts';
import { bandHue, eventLabel, px, roleText, timeText } from './words.ts';

const BAND = 9;
const FAULT = 4;

interface Props {
  readonly model: RunModel;
  readonly position: Position;
  readonly doing: Doing;
  readonly onPin: (position: Position) => void;
}

export function Scrubber({ model, position, doing, onPin }: Props) {
  const { events, run, violation } = model;
  const { header } = run.recording;
  const event = events[position];
  // The same element again is not drawn again.
  const overview = useMemo(() => <Overview model={model} />, [model]);
  const onInput = ({ currentTarget }: TargetedInputEvent<HTMLInputElement>) =>
    onPin(Number(currentTarget.value));
  return (
    <section class="scrubber" aria-label="Moments of the run">
      <div class="buttons">
        <Button label="Previous event of interest (p)" onClick={() => doing.leap(-1)}>
          «
        </Button>
        <Button label="Previous event (left)" onClick={() => doing.move(-1)}>
          ‹
        </Button>
        <Button label="Next event (right)" onClick={() => doing.move(1)}>
          ›
        </Button>
        <Button label="Next event of interest (n)" onClick={() => doing.leap(1)}>
          »
        </Button>
        {violation !== null && (
          <Button label="The violation (v)" onClick={doing.violation}>
            <span class="star">★</span> violation
          </Button>
        )}
        <output class="now">
          #{event?.number ?? 0} <span class="count">{timeText(event?.time ?? 0, header)}</span>
        </output>
      </div>
      <div class="track">
        {overview}
        <input
          type="range"
          aria-label="Moment"
          aria-valuetext={event === undefined ? '' : eventLabel(event, header)}
          min={0}
          max={Math.max(0, events.length - 1)}
          value={position}
          style={slot(events.length)}
          onInput={onInput}
        />
      </div>
    </section>
  );
}

/** The thumb stands on the middle of an event, beside the names. */
function slot(events: number): { left: string; width: string } {
  const whole = '(100% - 30px)';
  const half = 0.5 / Math.max(1, events);
  return { left: `calc(30px + ${whole} * ${half})`, width: `calc(${whole} * ${1 - 2 * half})` };
}

function Button(props: {
  readonly label: string;
  readonly onClick: () => unknown;
  readonly children: ComponentChildren;
}) {
  return (
    <button type="button" aria-label={props.label} title={props.label} onClick={props.onClick}>
      {props.children}
    </button>
  );
}

/** A unit an event across, stretched to the page. */
function Overview({ model }: { readonly model: RunModel }) {
  const { lanes, bands, events, run, violation } = model;
  const faults = barColumns(model);
  const members = lanes.filter(({ kind }) => kind === 'member');
  const top = faults.length === 0 ? 2 : 4 * FAULT + 4;
  const height = top + members.length * (BAND + 2);
  const least = events.length / 400;
  return (
    <div class="overview">
      <div class="names" style={{ paddingTop: px(top) }}>
        {members.map(({ name }) => (
          <span key={name} style={{ height: px(BAND + 2) }}>
            {name}
          </span>
        ))}
      </div>
      <svg
        aria-hidden="true"
        viewBox={`0 0 ${Math.max(1, events.length)} ${height}`}
        preserveAspectRatio="none"
        style={{ height: px(height) }}
      >
        {faults.map(({ fault, from, to, column }) => (
          <rect
            key={`${fault.event} ${fault.sentence}`}
            class="fault"
            x={from}
            y={1 + column * FAULT}
            width={Math.max(to - from, least)}
            height={FAULT - 1}
          />
        ))}
        {members.map(({ name }, n) =>
          (bands.get(name) ?? []).map((band) => (
            <rect
              key={`${name} ${band.from}`}
              class={`band ${roleText(band)} ${bandHue(band.term, run.recording.header)}`}
              x={band.from}
              y={top + n * (BAND + 2)}
              width={band.to - band.from}
              height={BAND}
            />
          )),
        )}
        {violation !== null && (
          <rect
            class="violation"
            x={violation + 0.5 - least}
            y={0}
            width={2 * least}
            height={height}
          />
        )}
      </svg>
    </div>
  );
}
