/** The members of a protocol of one's own at the moment: what each shows of itself, and what its disk holds; what this event changed stands out. */
import type { MemberState, Texts } from '@seedraft/sim';
import type { RunModel } from '../model/run-model.ts';
import type { States } from '../model/state-timeline.ts';
import { standing } from './words.ts';

/** Of very many records: those that are new, and the last ones. */
const RECORDS = 12;

export function OwnMembers(props: {
  readonly model: RunModel;
  readonly states: States;
  readonly before: States;
}) {
  const { model, states, before } = props;
  const { members, about } = model.run.recording.header;
  return (
    <section class="own-members">
      <h2>Members</h2>
      {members.map(({ name }) => (
        <OwnMember
          key={name}
          name={name}
          isNamed={about.members.includes(name)}
          stands={standingOf(states.get(name), model)}
          state={states.get(name)}
          was={before.get(name)}
        />
      ))}
    </section>
  );
}

function standingOf(state: MemberState | undefined, { run }: RunModel): string {
  return state === undefined ? 'not started yet' : standing(state, false, run.recording.header);
}

function OwnMember(props: {
  readonly name: string;
  readonly isNamed: boolean;
  readonly stands: string;
  readonly state: MemberState | undefined;
  readonly was: MemberState | undefined;
}) {
  const { name, isNamed, stands, state, was } = props;
  const { fields = {}, records = {} } = state?.own ?? {};
  return (
    <div class={`own-member ${state?.status ?? 'down'}`} data-member={name}>
      <h3 class="own-heading">
        <b class={isNamed ? 'own-name named' : 'own-name'}>{name}</b> <small>{stands}</small>
      </h3>
      <Values texts={fields} before={was?.own?.fields} />
      {Object.keys(records).length > 0 && <h4 class="own-heading disk">on its disk</h4>}
      <Values texts={records} before={was?.own?.records} most={RECORDS} />
    </div>
  );
}

function Values(props: {
  readonly texts: Texts;
  readonly before: Texts | undefined;
  readonly most?: number;
}) {
  const { texts, before = {}, most = Infinity } = props;
  const isNew = ([key, text]: readonly [string, string]): boolean =>
    !Object.hasOwn(before, key) || before[key] !== text;
  const all = Object.entries(texts);
  const gone = Object.keys(before).filter((key) => !Object.hasOwn(texts, key));
  const shown = all.filter((one, n) => n >= all.length - most || isNew(one));
  return (
    <dl class="own-values">
      {shown.map(([key, text]) => (
        <div key={key} class="own-line">
          <dt class="own-key">{key}</dt>
          <dd class={isNew([key, text]) ? 'own-value new' : 'own-value'}>{text}</dd>
        </div>
      ))}
      {all.length > shown.length && (
        <div class="own-line">
          <dt class="own-key">{all.length - shown.length} others</dt>
        </div>
      )}
      {gone.map((key) => (
        <div key={key} class="own-line">
          <dt class="own-key">{key}</dt>
          <dd class="own-value gone">gone</dd>
        </div>
      ))}
    </dl>
  );
}
