/** The page: what was found, the scrubber, the picture, and beside it the moment in words. Owns where the reader is; all else is drawn from that. */
import { useCallback, useEffect, useMemo, useState } from 'preact/hooks';
import { type Filter, layoutOf, nextAmong } from '../model/layout.ts';
import { modelOf, type Position, type RunModel } from '../model/run-model.ts';
import type { Report } from '../report.ts';
import { Diagram } from './diagram.tsx';
import { Headline } from './headline.tsx';
import { Help } from './help.tsx';
import { type Doing, useKeys } from './keys.ts';
import { Panel } from './panel.tsx';
import { readAddress, writeAddress } from './place.ts';
import { Scrubber } from './scrubber.tsx';
import { type Told, Tooltip } from './tooltip.tsx';

const FILTERS: readonly Filter[] = ['all', 'past', 'steps'];

export function App({ report }: { readonly report: Report }) {
  const [address, setAddress] = useState(() => readAddress(location.hash, report));
  const [filter, setFilter] = useState<Filter>('all');
  const [isLit, setLit] = useState(true);
  const [helps, setHelps] = useState(false);
  const [told, tell] = useState<Told | null>(null);
  const run = report.runs[address.run] as Report['runs'][number];
  const model = useMemo(() => modelOf(run), [run]);
  const layout = useMemo(() => layoutOf(model, filter), [model, filter]);
  const position = positionIn(model, address.event);

  // From where the reader is by then: keys come faster than pictures.
  const go = useCallback(
    (next: (from: Position) => Position) =>
      setAddress((now) => {
        const to = next(positionIn(model, now.event));
        return { run: now.run, event: model.events[to]?.number ?? null };
      }),
    [model],
  );
  const pin = useCallback((to: Position) => go(() => to), [go]);
  useEffect(() => {
    const onHash = () => setAddress(readAddress(location.hash, report));
    addEventListener('hashchange', onHash);
    return () => removeEventListener('hashchange', onHash);
  }, [report]);
  useEffect(() => {
    const event = model.events[position];
    if (event !== undefined) history.replaceState(null, '', writeAddress(run.name, event.number));
    document.title = `${run.rule?.id ?? run.recording.header.verdict} · ${run.recording.header.scenario}, seed ${run.recording.header.seed}`;
  }, [model, position]);

  const move = (rows: number) =>
    go((from) => {
      const { rows: all } = layout;
      const row = Math.min(Math.max(layout.rowOf(from) + rows, 0), all.length - 1);
      return all[row] ?? from;
    });
  const showRun = (next: number) => setAddress({ run: next, event: null });
  const doing: Doing = {
    move,
    leap: (direction) => go((from) => nextAmong(layout, model.interesting, from, direction)),
    violation: () => model.violation !== null && pin(model.violation),
    ends: (end) => go((from) => layout.rows.at(end === 'first' ? 0 : -1) ?? from),
    filter: () => setFilter(following),
    light: () => setLit((was) => !was),
    run: () => showRun((address.run + 1) % report.runs.length),
    help: () => setHelps((was) => !was),
    close: () => setHelps(false),
  };
  useKeys(doing);

  return (
    <div class="page">
      <Headline report={report} chosen={address.run} onChoose={showRun} onHelp={doing.help} />
      <Scrubber model={model} position={position} doing={doing} onPin={pin} />
      <main class="main">
        <Diagram
          {...{ model, layout, position, isLit, filter }}
          onPin={pin}
          onTell={tell}
          onFilter={setFilter}
          onLight={setLit}
        />
        <Panel model={model} position={position} onPin={pin} />
      </main>
      {told !== null && <Tooltip told={told} />}
      {helps && <Help header={run.recording.header} onClose={doing.close} />}
    </div>
  );
}

function following(filter: Filter): Filter {
  return FILTERS[(FILTERS.indexOf(filter) + 1) % FILTERS.length] as Filter;
}

/** Without an event: the violation, else the beginning. An event that was left out: the nearest before it. */
function positionIn({ events, violation, positionOf }: RunModel, event: number | null): Position {
  if (event === null) return violation ?? 0;
  const exact = positionOf(event);
  if (exact !== null) return exact;
  const after = events.findIndex(({ number }) => number > event);
  return Math.max(0, (after < 0 ? events.length : after) - 1);
}
