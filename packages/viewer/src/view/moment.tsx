/** One event: what came in, what came of it, what it sent, and what it follows from. */
import type { EventNumber, RecordedMessage } from '@seedraft/sim';
import type { JSX } from 'preact';
import type { PanelProps } from './panel.tsx';
import { fateText, messageTitle, timeText } from './words.ts';

export function Moment({ model, position, onPin }: PanelProps) {
  const event = model.events[position];
  const { header } = model.run.recording;
  if (event === undefined) return null;
  const sent = model.sent.get(event.number) ?? [];
  const why = model.steps.get(position);
  const isViolation = position === model.violation;
  const link = (number: EventNumber) => {
    const to = model.positionOf(number);
    return to === null ? (
      <span key={number}>#{number} (left out) </span>
    ) : (
      <button key={number} type="button" class="moment-link" onClick={() => onPin(to)}>
        #{number}
      </button>
    );
  };
  return (
    <section class={isViolation ? 'moment violation' : 'moment'} aria-live="polite">
      <h2>
        Event {event.number} <span class="count">{timeText(event.time, header)}</span>{' '}
        <span class="count">
          {event.where} {event.kind}
        </span>
      </h2>
      <p class="came">{event.what}</p>
      {event.did.length > 0 && (
        <ul class="did">
          {event.did.map(({ line }) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      )}
      {sent.length > 0 && <Sent sent={sent} link={link} />}
      {event.causes.length > 0 && <p class="causes">follows from {event.causes.map(link)}</p>}
      {why !== undefined && <p class="why">{why}</p>}
      {isViolation && (
        <p class="broken">
          <b>
            ★ {model.run.rule?.id}{' '}
            {header.isJudgedAtEnd ? 'judged at the end of the run' : 'broken here'}
          </b>
          : {header.sentence}
        </p>
      )}
    </section>
  );
}

interface SentProps {
  readonly sent: readonly RecordedMessage[];
  readonly link: (event: EventNumber) => JSX.Element;
}

function Sent({ sent, link }: SentProps) {
  return (
    <ul class="sent">
      {sent.map((message) => (
        <li key={message.id} class={message.lost === null ? '' : 'lost'}>
          sends {messageTitle(message)} {message.detail}{' '}
          {message.deliveredAt === null ? (
            <b>{fateText(message)}</b>
          ) : (
            <>taken at {link(message.deliveredAt)}</>
          )}
        </li>
      ))}
    </ul>
  );
}
