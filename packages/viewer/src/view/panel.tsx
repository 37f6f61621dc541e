/** The moment in words: the event, every member, their logs, what clients wait for, and the story so far. */
import { useMemo } from 'preact/hooks';
import { answerText, askedText, placedOperations } from '../model/operations.ts';
import type { Position, RunModel } from '../model/run-model.ts';
import { storyOf } from '../model/story.ts';
import { LogPanel } from './log-panel.tsx';
import { Members } from './members.tsx';
import { Moment } from './moment.tsx';
import { OwnMembers } from './own-members.tsx';

export interface PanelProps {
  readonly model: RunModel;
  readonly position: Position;
  readonly onPin: (position: Position) => void;
}

export function Panel(props: PanelProps) {
  const { model, position } = props;
  const number = model.events[position]?.number ?? -1;
  const states = model.timeline.at(number);
  const before = model.timeline.at(number - 1);
  return (
    <aside class="panel" aria-label="The moment">
      <Moment {...props} />
      {model.run.recording.header.protocol === undefined ? (
        <>
          <Members model={model} states={states} before={before} />
          <LogPanel model={model} states={states} />
        </>
      ) : (
        <OwnMembers model={model} states={states} before={before} />
      )}
      <Asked {...props} />
      <Steps {...props} />
      <Story {...props} />
      <section>
        <h2>Run it again</h2>
        <code class="replay">{model.run.replay}</code>
      </section>
    </aside>
  );
}

const LATEST = 6;

/** What clients wait for now, and what was last answered. */
function Asked({ model, position, onPin }: PanelProps) {
  const all = useMemo(() => placedOperations(model), [model]);
  const begun = all.filter(({ from }) => from <= position);
  const isOpen = (to: Position, completedAt: number | null) =>
    to > position || completedAt === null;
  const open = begun.filter(({ to, operation }) => isOpen(to, operation.completedAt));
  const answered = begun.filter(({ to, operation }) => !isOpen(to, operation.completedAt));
  if (begun.length === 0) return null;
  return (
    <section>
      <h2>Clients</h2>
      <ul class="asked">
        {[...answered.slice(-LATEST), ...open].map(({ operation, from, to }) => (
          <li key={operation.id} class={to > position ? 'open' : operation.outcome}>
            <button type="button" class="moment-link" onClick={() => onPin(from)}>
              {operation.client}
            </button>
            <span class="question">{askedText(operation)}</span>
            <span class="answer">{to > position ? 'waits' : answerText(operation)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Steps({ model, position, onPin }: PanelProps) {
  if (model.steps.size === 0) return null;
  return (
    <section>
      <h2>What mattered</h2>
      <Moments model={model} lines={[...model.steps]} position={position} onPin={onPin} />
    </section>
  );
}

function Story({ model, position, onPin }: PanelProps) {
  const lines = useMemo(
    () => storyOf(model).map(({ position: at, text }) => [at, text] as const),
    [model],
  );
  if (lines.length === 0) return null;
  return (
    <section>
      <h2>The story</h2>
      <Moments model={model} lines={lines} position={position} onPin={onPin} />
    </section>
  );
}

/** Around the moment, of very many. */
const NEAR = 40;

function Moments(props: PanelProps & { readonly lines: readonly (readonly [Position, string])[] }) {
  const { model, lines, position, onPin } = props;
  const reached = lines.findLastIndex(([at]) => at <= position);
  const from = Math.max(0, Math.min(reached - NEAR / 2, lines.length - NEAR));
  const shown = lines.slice(from, from + NEAR);
  return (
    <ol class="moments">
      {from > 0 && <li class="more">{from} earlier</li>}
      {shown.map(([at, text]) => (
        <li key={`${at} ${text}`} class={at > position ? 'later' : at === position ? 'now' : ''}>
          <button type="button" class="moment-link" onClick={() => onPin(at)}>
            #{model.events[at]?.number}
          </button>
          <span>{text}</span>
        </li>
      ))}
      {from + NEAR < lines.length && <li class="more">{lines.length - from - NEAR} later</li>}
    </ol>
  );
}
