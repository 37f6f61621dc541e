/** How two-phase commit is fuzzed: what clients ask, what they may be told, and what must hold after every event. */
import { defineConfig, defineProtocol, type ProtocolRule, violation } from 'seedraft';
import { defineModel } from 'seedraft/check';
import { type Message, member, type State } from './two-phase-commit.ts';

type Rule = ProtocolRule<State, Message>;

/** A seat by itself belongs to nobody, and then for good to whoever booked it first. */
const bookings = defineModel({
  name: 'bookings',
  initial: null as string | null,
  partition: ({ thing }: { thing: string }) => thing,
  operations: {
    book: {
      apply: (owner, { who }: { who: string }) =>
        owner === null ? { state: who, output: 'booked' } : { state: owner, output: 'taken' },
    },
    owner: { readOnly: true, apply: (owner) => ({ state: owner, output: owner }) },
  },
});

const atomicity: Rule = {
  name: 'atomicity',
  definition: 'No participant is told to commit what another is told to abort.',
  watch() {
    const told = new Map<number, { readonly type: string; readonly member: string }>();
    return {
      check(_view, event) {
        if (event.type !== 'step' || event.input.type !== 'Receive') return false;
        const { type, tx } = event.input.message;
        if (type !== 'Commit' && type !== 'Abort') return false;
        const { member } = event;
        const first = told.get(tx);
        if (first === undefined) told.set(tx, { type, member });
        else if (first.type !== type) {
          const sentence = `${member} is told to ${type} transaction ${tx}, and ${first.member} was told to ${first.type} it`;
          throw violation('atomicity', sentence);
        }
        return first !== undefined;
      },
    };
  },
};

const durability: Rule = {
  name: 'durability',
  definition:
    'Once a client is told that a seat is booked, every participant has it on disk: booked, or promised.',
  watch: () => ({
    check({ members }, event) {
      if (event.type !== 'complete' || event.operation.output !== 'booked') return false;
      const { thing, who } = event.operation.input as { thing: string; who: string };
      for (const { name, records } of members.slice(1)) {
        const promises = [...records].filter(([key]) => key.startsWith('tx '));
        const holds = promises.some(([, one]) => (one as { who: string }).who === who);
        if (records.get(thing) === who || holds) continue;
        throw violation(
          'durability',
          `${who} was told that ${thing} is booked, and ${name} has not kept it`,
        );
      }
      return true;
    },
  }),
};

export default defineConfig({
  protocol: defineProtocol<Message, State>({
    name: 'two-phase commit',
    members: [3, 5],
    messages: ['Prepare', 'Vote', 'Commit', 'Abort', 'Ask'],
    member,
    rules: [atomicity, durability],
    workload: () => ({
      next(draw) {
        // A few clients want each seat at about the same time, and others look who got it.
        const thing = `seat ${draw.id >> 2}`;
        if (draw.chance(0.3)) return { f: 'owner', input: { thing }, readOnly: true };
        return { f: 'book', input: { thing, who: `guest ${draw.id}` }, to: 'n1' };
      },
    }),
    model: bookings,
    leads: ({ role }) => role === 'coordinator',
    recovers: 5_000,
  }),
});
