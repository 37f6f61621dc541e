/** Arbitrary well-formed messages of both protocols, for the properties of this folder. */
import type { Configuration, Entry, Member, SnapshotMetadata } from '@seedraft/core';
import type { MemberMessage } from '@seedraft/replica';
import type { ClientFrame } from '@seedraft/wire';
import fc from 'fast-check';

const EMPTY = new Uint8Array(0);
const id = fc
  .oneof(
    fc.integer({ min: 1, max: 9 }),
    fc.maxSafeInteger().map((n) => Math.abs(n) + 1),
  )
  .filter(Number.isSafeInteger);
const natural = fc.oneof(
  fc.nat(9),
  fc.nat(),
  fc.constantFrom(2 ** 32, 2 ** 40 + 1, Number.MAX_SAFE_INTEGER),
);
const data = fc.uint8Array({ maxLength: 90, size: 'max' }).map((b) => Uint8Array.from(b));
const text = fc.string({ maxLength: 12 });
const checksum = fc.nat(0xffffffff);
const incarnation = fc.stringMatching(/^[0-9a-f]{32}$/);
const refusal = fc.constantFrom('NOT_LEADER', 'TRANSFER_TIMEOUT', 'STOPPED', 'UNCOMMITTED_LIMIT');

const member = (memberId: number, role: Member['role']): fc.Arbitrary<Member> =>
  fc.record({
    id: fc.constant(memberId),
    incarnation: fc.oneof(incarnation, fc.constant('')),
    name: text,
    peerAddress: text,
    clientAddress: text,
    role: fc.constant(role),
    priority: fc.integer({ min: -5, max: 5 }),
  });

const configuration: fc.Arbitrary<Configuration> = fc
  .tuple(
    fc.uniqueArray(
      fc.tuple(fc.integer({ min: 1, max: 50 }), fc.constantFrom('voter', 'learner', 'leaving')),
      {
        maxLength: 5,
        selector: ([n]) => n,
      },
    ),
    fc.boolean(),
    fc.boolean(),
  )
  .chain(([roles, joint, autoLeave]) => {
    const sorted = roles.toSorted((a, b) => a[0] - b[0]);
    const members = sorted.map(([n, role]) =>
      member(n, !joint && role === 'leaving' ? 'voter' : role),
    );
    const outgoing = joint ? sorted.filter(([, role]) => role !== 'learner').map(([n]) => n) : null;
    return fc.record({
      members: fc.tuple(...members),
      outgoing: fc.constant(outgoing),
      autoLeave: fc.constant(autoLeave),
      highestId: fc.nat(9).map((more) => (sorted.at(-1)?.[0] ?? 0) + more),
    });
  });

const snapshot: fc.Arbitrary<SnapshotMetadata> = fc
  .tuple(text, fc.nat(1000), fc.nat(9), configuration, fc.nat(1000), checksum)
  .map(([name, index, term, config, configurationIndex, sum]) => ({
    id: name,
    lastIncludedIndex: index + 1,
    lastIncludedTerm: term + 1,
    configuration: config,
    configurationIndex: Math.min(configurationIndex, index),
    size: 100_000,
    checksum: sum,
  }));

const entryBody = fc.oneof(
  fc.record({ kind: fc.constant('command' as const), data, configuration: fc.constant(null) }),
  fc.record({
    kind: fc.constant('noop' as const),
    data: fc.constant(EMPTY),
    configuration: fc.constant(null),
  }),
  fc.record({
    kind: fc.constant('configuration' as const),
    data: fc.constant(EMPTY),
    configuration,
  }),
);

/** prev at some term, then entries of terms that grow now and then, below the message's. */
const append = fc
  .tuple(
    fc.nat(1000),
    fc.array(fc.tuple(entryBody, fc.boolean(), checksum), { maxLength: 6 }),
    natural,
    fc.nat(9),
  )
  .map(([prevLogIndex, bodies, leaderCommit, ahead]) => {
    const prevLogTerm = prevLogIndex === 0 ? 0 : 3;
    let term = Math.max(1, prevLogTerm);
    const entries: Entry[] = bodies.map(([body, newTerm, sum], i) => {
      if (newTerm) term++;
      return { index: prevLogIndex + 1 + i, term, checksum: sum, ...body };
    });
    return {
      type: 'AppendEntries' as const,
      prevLogIndex,
      prevLogTerm,
      entries,
      leaderCommit,
      round: ahead,
      term: term + ahead,
    };
  });

const place = fc.oneof(
  fc.constant({ lastLogIndex: 0, lastLogTerm: 0 }),
  fc.record({ lastLogIndex: id, lastLogTerm: fc.integer({ min: 1, max: 7 }) }),
);
const outcome = fc.oneof(
  fc.record({
    outcome: fc.constantFrom('committed' as const, 'superseded' as const, 'unknown' as const),
    index: natural,
    term: natural,
  }),
  fc.record({ outcome: fc.constant('rejected' as const), code: refusal, leader: natural }),
);

const of = <T extends string>(type: T) => ({
  type: fc.constant(type),
  term: fc.integer({ min: 7, max: 99 }),
});
const body = fc.oneof(
  fc
    .tuple(fc.record({ ...of('RequestVote'), transfer: fc.boolean() }), place)
    .map(([m, p]) => ({ ...m, ...p })),
  fc.tuple(fc.record(of('PreVote')), place).map(([m, p]) => ({ ...m, ...p })),
  fc.record({ ...of('RequestVoteReply'), voteGranted: fc.boolean() }),
  fc.record({ ...of('PreVoteReply'), voteGranted: fc.boolean() }),
  append,
  fc.record({
    ...of('AppendEntriesReply'),
    success: fc.boolean(),
    matchIndex: natural,
    rejectedIndex: natural,
    conflictIndex: natural,
    conflictTerm: natural,
    round: natural,
    lastIndex: natural,
  }),
  fc
    .record({ ...of('InstallSnapshot'), snapshot, offset: fc.nat(90_000), data, round: natural })
    .map((m) => ({ ...m, length: m.data.length })),
  fc.record({
    ...of('InstallSnapshotReply'),
    snapshotId: text,
    offset: natural,
    installed: fc.boolean(),
    matchIndex: natural,
    round: natural,
  }),
  fc.record(of('TimeoutNow')),
  fc.record({ ...of('TimeoutNowReply'), reason: refusal }),
  fc.record({ ...of('ReadIndex'), id: natural }),
  fc.record({ ...of('ReadIndexReply'), id: natural, index: natural, refusal: fc.option(refusal) }),
  fc.record({ ...of('ForwardProposal'), id: natural, data, checksum, hops: fc.nat(9) }),
  fc.record({ ...of('ForwardProposalReply'), id: natural, outcome }),
  fc.record({
    ...of('Meet'),
    term: fc.constant(0 as const),
    held: fc.oneof(incarnation, fc.constant('')),
    asks: fc.boolean(),
  }),
);

export const peerMessage: fc.Arbitrary<MemberMessage> = fc
  .tuple(body, id, id)
  .map(([message, from, to]) => ({ ...message, from, to }) as MemberMessage);

const opaque = fc.oneof(
  fc.constant(null),
  fc.integer(),
  text,
  data,
  fc.array(fc.integer(), { maxLength: 3 }),
);
const session = fc.oneof(
  fc.constant({ sessionId: 0, sequence: 0, firstIncomplete: 0 }),
  fc.record({ sessionId: id, sequence: id, firstIncomplete: natural }),
);
const change = fc.oneof(
  fc.record({
    type: fc.constantFrom('add' as const, 'update' as const),
    member: member(4, 'learner'),
  }),
  fc.record({
    type: fc.constantFrom('promote' as const, 'demote' as const, 'remove' as const),
    id,
  }),
);
const request = fc.oneof(
  fc.record({ type: fc.constant('OpenSession' as const), timeout: id }),
  fc.record({ type: fc.constant('CloseSession' as const), sessionId: id }),
  fc.tuple(session, opaque).map(([s, command]) => ({ type: 'Command' as const, ...s, command })),
  fc
    .tuple(session, fc.array(opaque, { maxLength: 3 }))
    .map(([s, commands]) => ({ type: 'Batch' as const, ...s, commands })),
  fc.record({
    type: fc.constant('Query' as const),
    mode: fc.constantFrom('linearizable' as const, 'lease' as const, 'stale' as const),
    query: opaque,
  }),
  fc.record({
    type: fc.constant('ChangeMembership' as const),
    changes: fc.array(change, { maxLength: 3 }),
    mode: fc.constantFrom('single' as const, 'joint' as const, 'explicit' as const),
  }),
  fc.record({ type: fc.constant('TransferLeadership' as const), target: natural }),
  fc.constant({ type: 'Snapshot' as const }),
  fc.record({ type: fc.constant('Watch' as const), query: opaque }),
  fc.constant({ type: 'Status' as const }),
  fc.record({
    type: fc.constant('Backup' as const),
    mode: fc.constantFrom('linearizable' as const, 'lease' as const, 'stale' as const),
  }),
  fc.record({ type: fc.constant('Entries' as const), from: natural, to: natural }),
);
const plain = { reason: fc.constant(''), leaderAddress: fc.constant('') };
const is = <T extends string>(type: T) => fc.constant(type);

export const clientFrame: fc.Arbitrary<ClientFrame> = fc.oneof(
  fc.record({ type: is('hello'), version: id, clusterId: text, client: text, token: text }),
  fc.record({
    type: is('welcome'),
    version: id,
    clusterId: text,
    id,
    leader: natural,
    leaderAddress: text,
    credits: natural,
  }),
  fc.record({ type: is('request'), requestId: id, request }),
  fc.record({
    type: is('reply'),
    requestId: id,
    reply: fc.record({ type: is('Ok'), index: natural, value: opaque }),
    ...plain,
  }),
  fc.record({
    type: is('reply'),
    requestId: id,
    reply: fc.record({ type: is('Unknown'), index: natural, term: natural }),
    ...plain,
  }),
  fc.record({
    type: is('reply'),
    requestId: id,
    reply: fc.record({
      type: is('Refused'),
      code: fc.constantFrom(
        'NOT_LEADER' as const,
        'SESSION_EXPIRED' as const,
        'OVERLOADED' as const,
        'WATCH_LOST' as const,
        'UNAUTHORIZED' as const,
      ),
      leader: natural,
    }),
    reason: text,
    leaderAddress: text,
  }),
  fc.record({ type: is('credit'), change: fc.integer() }),
  fc.record({ type: is('goodbye'), code: text, reason: text }),
  fc.record({ type: is('event'), requestId: id, index: natural, value: opaque }),
  fc.record({ type: is('cancel'), requestId: id }),
  fc.record({
    type: is('cluster'),
    leader: natural,
    leaderAddress: text,
    addresses: fc.array(text, { maxLength: 5 }),
  }),
);
