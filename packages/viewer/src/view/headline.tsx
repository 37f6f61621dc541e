/** What was found, by which rule, and the line that runs it again; tabs when there is more than one run. */
import type { RecordingHeader } from '@seedraft/sim';
import type { Report } from '../report.ts';

const VERDICTS: Record<RecordingHeader['verdict'], string> = {
  pass: 'no rule was broken',
  violation: 'safety violation',
  liveness: 'liveness violation',
  inconclusive: 'inconclusive',
  mistake: 'a mistake in the config',
  error: 'seedraft itself failed',
};

export function Headline(props: {
  readonly report: Report;
  readonly chosen: number;
  readonly onChoose: (run: number) => void;
  readonly onHelp: () => void;
}) {
  const { report, chosen, onChoose, onHelp } = props;
  const run = report.runs[chosen] as Report['runs'][number];
  const { header } = run.recording;
  const isBroken = run.rule !== null;
  // A scenario that should have failed is not a finding about the cluster.
  const said = header.rule === 'EXPECT' ? 'not as expected' : VERDICTS[header.verdict];
  return (
    <header class="headline">
      <div class="titles">
        <h1>
          <span class={isBroken ? 'verdict broken' : 'verdict'}>{said}</span>
          {header.scenario}, seed {header.seed}
        </h1>
        <Tabs report={report} chosen={chosen} onChoose={onChoose} />
        <button type="button" class="help-button" onClick={onHelp} aria-label="Keys and legend">
          ?
        </button>
      </div>
      <p class="sentence">{header.sentence ?? header.reason ?? 'Every rule held.'}</p>
      {run.rule !== null && (
        <p class="rule">
          <b>{`${run.rule.id} ${run.rule.name}`.trimEnd()}</b>: {run.rule.definition}
        </p>
      )}
      <LeftOut header={header} />
    </header>
  );
}

function Tabs(props: {
  readonly report: Report;
  readonly chosen: number;
  readonly onChoose: (run: number) => void;
}) {
  const { report, chosen, onChoose } = props;
  return (
    <div class="tabs" role="tablist" aria-label="Runs">
      {report.runs.map(({ name, recording }, n) => (
        <button
          key={name}
          type="button"
          role="tab"
          class="tab"
          aria-selected={n === chosen}
          onClick={() => onChoose(n)}
        >
          {name} <span class="count">{recording.header.eventCount} events</span>
        </button>
      ))}
    </div>
  );
}

function LeftOut({ header: { leftOut, eventCount } }: { readonly header: RecordingHeader }) {
  if (leftOut === null) return null;
  const { from, to, kept, events, messages, operations } = leftOut;
  const also = kept === 0 ? '' : `, and ${kept} earlier ones that the violation follows from`;
  return (
    <p class="left-out">
      This run of {eventCount} events is too long for one page. Shown: events {from} to {to - 1}
      {also}. Left out: {events} events, {messages} messages, {operations} operations.
    </p>
  );
}
