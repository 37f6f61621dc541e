/** Keys and legend. */
import type { RecordingHeader } from '@seedraft/sim';
import { useEffect, useRef } from 'preact/hooks';
import { KEYS } from './keys.ts';
import { ownHue } from './words.ts';

type Legends = readonly (readonly [classes: string, what: string])[];

const LINES: Legends = [
  ['letter append', 'AppendEntries with entries'],
  ['letter append reply', 'its answer (answers are dashed)'],
  ['letter beat', 'a heartbeat'],
  ['letter vote', 'RequestVote, PreVote'],
  ['letter snapshot', 'InstallSnapshot'],
  ['letter client', 'a client’s request, and the answer'],
  ['letter other', 'anything else between members'],
  ['letter append lost', 'a message that was lost'],
];

const BANDS: Legends = [
  ['leader', 'leader'],
  ['candidate', 'candidate, pre-candidate'],
  ['follower', 'follower'],
  ['down', 'down, or gone'],
  ['paused', 'paused'],
];

const OWN_BANDS: Legends = [
  ['leader', 'whom the protocol’s leads() names'],
  ['follower', 'up'],
  ['down', 'down'],
  ['paused', 'paused'],
];

function ownLines(types: readonly string[]): Legends {
  return [
    ...types.map((type, place) => [`letter ${ownHue(place)}`, type] as const),
    ['letter client', 'a client’s request, and the answer'],
    ['letter append lost', 'a message that was lost'],
  ];
}

const RAFT = `Roles, terms and logs cut back are of interest too. Colours of bands and of entries are terms, and the term is written beside them. In a log the heavy line stands after the last
  entry that the member knows to be committed; a striped entry is not yet known to be on its disk.`;

export function Help(props: { readonly header: RecordingHeader; readonly onClose: () => void }) {
  const { header, onClose } = props;
  const close = useRef<HTMLButtonElement>(null);
  useEffect(() => close.current?.focus(), []);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape does the same.
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape does the same.
    <div class="curtain" onClick={onClose}>
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: it only keeps clicks from the curtain. */}
      <div
        class="help"
        role="dialog"
        aria-modal="true"
        aria-label="Keys and legend"
        onClick={(event) => event.stopPropagation()}
      >
        <button type="button" class="close" ref={close} aria-label="Close" onClick={onClose}>
          ×
        </button>
        <h2>Keys</h2>
        <dl>
          {KEYS.map(([keys, what]) => (
            <div key={keys}>
              <dt>
                <kbd>{keys}</kbd>
              </dt>
              <dd>{what}</dd>
            </div>
          ))}
        </dl>
        <h2>Legend</h2>
        <Legend header={header} />
        <p>
          Time runs downwards, a row an event. Faults are the bars left of the lanes, operations
          those in clients’ lanes. {header.protocol === undefined && RAFT}
        </p>
      </div>
    </div>
  );
}

function Legend({ header: { protocol } }: { readonly header: RecordingHeader }) {
  const lines = protocol === undefined ? LINES : ownLines(protocol.messages);
  const bands = protocol === undefined ? BANDS : OWN_BANDS;
  return (
    <div class="legend">
      <ul>
        {lines.map(([classes, what]) => (
          <li key={what}>
            <svg width="46" height="14" aria-hidden="true" class="lanes">
              <g class={classes}>
                <path class="line" d="M2 7L38 7" />
                {classes.includes('lost') ? (
                  <path class="cross" d="M34 2L43 12M34 12L43 2" />
                ) : (
                  <path class="head" d="M44 7L37 4L37 10Z" />
                )}
              </g>
            </svg>
            {what}
          </li>
        ))}
      </ul>
      <ul>
        {bands.map(([role, what]) => (
          <li key={role}>
            <svg width="46" height="14" aria-hidden="true" class="lanes">
              <rect class={`band ${role} term-3`} x="2" y="1" width="42" height="12" rx="3" />
              {(role === 'candidate' || role === 'paused') && (
                <rect
                  class="over"
                  x="2"
                  y="1"
                  width="42"
                  height="12"
                  rx="3"
                  fill={`url(#${role})`}
                />
              )}
            </svg>
            {what}
          </li>
        ))}
        <li>
          <span class="star">★</span> where the rule was broken
        </li>
      </ul>
    </div>
  );
}
