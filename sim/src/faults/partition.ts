/**
 * Messages between some members are lost for a while, in the shapes that distributed systems are known to break under. Each shape cuts
 * links between an inner and an outer side; `inbound` cuts only what flows into the inner side, `outbound` only what flows out of it,
 * `types` only those message types.
 * Recovery it must leave possible: nothing but messages is lost; healing takes every block of its own away, and no other.
 */
import type { PeerMessage } from '@seedraft/core';
import { z } from 'zod';
import type { MemberView } from '../observer.ts';
import { CLIENTS, type Draw, type Fault, type FaultWorld } from './fault.ts';
import { memberName, names, resolve, target } from './target.ts';

const SHAPES = [
  'split',
  'half',
  'isolate',
  'isolate-leader',
  'minority-third',
  'majorities-ring',
  'bridge',
  'random-pair',
  'clients-cut-off',
] as const;
const DIRECTIONS = ['symmetric', 'inbound', 'outbound'] as const;
/** Messages between members of a Raft cluster. */
export const PEER_TYPES = [
  'RequestVote',
  'RequestVoteReply',
  'PreVote',
  'PreVoteReply',
  'AppendEntries',
  'AppendEntriesReply',
  'InstallSnapshot',
  'InstallSnapshotReply',
  'TimeoutNow',
  'TimeoutNowReply',
  'ReadIndex',
  'ReadIndexReply',
  'ForwardProposal',
  'ForwardProposalReply',
] as const satisfies readonly PeerMessage['type'][];

const schema = z
  .strictObject({
    shape: z.enum([...SHAPES, 'groups']).optional(),
    /** Whom `isolate` and `clients-cut-off` are about. */
    target: target().optional(),
    /** Shorthands: isolate the target inbound, outbound, or both ways. */
    into: target().optional(),
    from: target().optional(),
    around: target().optional(),
    /** Explicit sides: members of different groups do not reach each other; who is in none reaches everyone. */
    groups: z.array(z.array(memberName()).min(1)).min(2).optional(),
    direction: z.enum(DIRECTIONS).default('symmetric'),
    /** Of a user's protocol: its own. */
    types: z
      .array(z.union([z.enum(PEER_TYPES), z.string()]))
      .min(1)
      .optional(),
    /** Clients are on the outer side too. */
    clients: z.boolean().default(false),
  })
  .transform(({ into, from, around, ...rest }) => {
    const isolated = into ?? from ?? around;
    const direction =
      into !== undefined ? 'inbound' : from !== undefined ? 'outbound' : rest.direction;
    if (isolated !== undefined) {
      return { ...rest, shape: 'isolate' as const, target: isolated, direction };
    }
    return {
      ...rest,
      shape: rest.shape ?? (rest.groups ? ('groups' as const) : ('split' as const)),
    };
  });
type Parameters = z.output<typeof schema>;
type Side = readonly MemberView[];

export const partition: Fault<Parameters> = {
  name: 'partition',
  group: 'partition',
  summary: 'members do not reach each other, in nine shapes, one way or both, all messages or some',
  schema,
  subject: 'shape',
  variants: [...SHAPES, 'inbound', 'outbound', 'by-type'],
  window: [400_000, 4_000_000],
  draw(draw, variant = draw.pick('variant', SHAPES)) {
    const shaped = (SHAPES as readonly string[]).includes(variant);
    const shape = shaped ? (variant as (typeof SHAPES)[number]) : draw.pick('shape', SHAPES);
    return {
      shape,
      ...(shape === 'isolate'
        ? { target: draw.pick('target', ['random', 'leader', 'follower']) }
        : {}),
      direction:
        variant === 'inbound' || variant === 'outbound'
          ? variant
          : draw.pick('direction', [...DIRECTIONS, 'symmetric', 'symmetric']),
      ...(variant === 'by-type' ? { types: drawTypes(draw) } : {}),
      clients: draw.chance('clients', 200_000),
    };
  },
  inject(world, parameters, draw) {
    const cuts = cutsOf(world, parameters, draw);
    if (cuts.length === 0) return null;
    const heals: (() => void)[] = [];
    for (const { inner, outer, clients } of cuts) {
      const others = outer.map((member) => member.id);
      if (clients) others.push(CLIENTS);
      for (const member of inner) {
        for (const other of others) {
          if (parameters.direction !== 'outbound') {
            heals.push(world.block(other, member.id, parameters.types));
          }
          if (parameters.direction !== 'inbound') {
            heals.push(world.block(member.id, other, parameters.types));
          }
        }
      }
    }
    if (heals.length === 0) return null;
    return {
      sentence: tell(parameters, cuts),
      heal: () => {
        for (const heal of heals) heal();
      },
      classes: classesOf(parameters),
    };
  },
};

interface Cut {
  readonly inner: Side;
  readonly outer: Side;
  readonly clients: boolean;
}

function cutsOf(world: FaultWorld, parameters: Parameters, draw: Draw): Cut[] {
  const all = world.current;
  const clients = parameters.clients;
  const around = (inner: Side): Cut[] => {
    const outer = all.filter((member) => !inner.includes(member));
    return inner.length === 0 || (outer.length === 0 && !clients)
      ? []
      : [{ inner, outer, clients }];
  };
  switch (parameters.shape) {
    case 'groups':
      return cutGroups(world, parameters.groups ?? []);
    case 'isolate':
      return around(resolve(world, parameters.target ?? 'random', draw));
    case 'isolate-leader':
      return around(resolve(world, 'leader', draw));
    case 'clients-cut-off': {
      const inner = resolve(world, parameters.target ?? 'all', draw);
      return inner.length === 0 ? [] : [{ inner, outer: [], clients: true }];
    }
    case 'split': {
      const size = all.length < 2 ? 0 : draw.between('size', 1, all.length - 1);
      return around(draw.shuffle('side', all).slice(0, size));
    }
    case 'half':
      return around(draw.shuffle('side', all).slice(0, Math.floor(all.length / 2)));
    case 'minority-third':
      return around(draw.shuffle('side', all).slice(0, Math.ceil(all.length / 3)));
    case 'random-pair': {
      const [one, other] = draw.shuffle('pair', all);
      return one && other ? [{ inner: [one], outer: [other], clients: false }] : [];
    }
    case 'bridge':
      return cutBridge(draw.shuffle('order', all));
    case 'majorities-ring':
      return cutRing(draw.shuffle('order', all));
  }
}

function cutGroups(world: FaultWorld, groups: readonly (readonly string[])[]): Cut[] {
  const sides = groups.map((group) =>
    world.members.filter((member) => group.includes(member.name) && member.status !== 'gone'),
  );
  const cuts: Cut[] = [];
  sides.forEach((inner, index) => {
    for (const outer of sides.slice(index + 1)) cuts.push({ inner, outer, clients: false });
  });
  return cuts;
}

/** Two halves that do not see each other, and one member that sees both. */
function cutBridge(order: Side): Cut[] {
  if (order.length < 3) return [];
  const half = Math.floor((order.length - 1) / 2);
  return [{ inner: order.slice(1, 1 + half), outer: order.slice(1 + half), clients: false }];
}

/** Everyone sees a majority, and no two see the same one: neighbours on a ring up to half a majority away (needs four members). */
function cutRing(order: Side): Cut[] {
  const size = order.length;
  const majority = Math.floor(size / 2) + 1;
  const reach = Math.ceil((majority - 1) / 2);
  const cuts: Cut[] = [];
  for (let left = 0; left < size; left += 1) {
    for (let right = left + 1; right < size; right += 1) {
      const distance = Math.min(right - left, size - right + left);
      const inner = order[left];
      const outer = order[right];
      if (distance > reach && inner && outer) {
        cuts.push({ inner: [inner], outer: [outer], clients: false });
      }
    }
  }
  return cuts;
}

/** A phase of the protocol goes deaf: whole exchanges, or only their requests or replies. */
function drawTypes(draw: Draw): PeerMessage['type'][] {
  return [
    ...draw.pick<readonly PeerMessage['type'][]>('types', [
      ['AppendEntries'],
      ['AppendEntriesReply'],
      ['RequestVote', 'PreVote'],
      ['RequestVoteReply', 'PreVoteReply'],
      ['InstallSnapshot'],
      ['InstallSnapshotReply'],
      ['AppendEntries', 'InstallSnapshot'],
      ['TimeoutNow'],
      ['ReadIndex', 'ReadIndexReply'],
    ]),
  ];
}

function classesOf(parameters: Parameters): string[] {
  const classes = parameters.shape === 'groups' ? [] : [`partition:${parameters.shape}`];
  if (parameters.direction !== 'symmetric') classes.push(`partition:${parameters.direction}`);
  if (parameters.types !== undefined) classes.push('partition:by-type');
  return classes;
}

function tell(parameters: Parameters, cuts: readonly Cut[]): string {
  const what = parameters.types === undefined ? 'messages' : parameters.types.join(' and ');
  const between = cuts.map(({ inner, outer, clients }) => {
    const far = [...(outer.length > 0 ? [names(outer)] : []), ...(clients ? ['all clients'] : [])];
    const other = far.join(' and ');
    if (parameters.direction === 'inbound') return `from ${other} to ${names(inner)}`;
    if (parameters.direction === 'outbound') return `from ${names(inner)} to ${other}`;
    return `between ${names(inner)} and ${other}`;
  });
  return `${what} ${between.join(', ')} are lost`;
}
