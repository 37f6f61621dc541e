/**
 * Values of the core to tuples and back. Fixed positions, no names: a record is read by the version it bears. Reading is strict: what has
 * passed a checksum and still has another shape was not written by us, and is reported as damage rather than half believed.
 */
import { putBytes, putList, putNull, putNumber, putValue } from '@seedraft/codec';
import type { Configuration, Entry, Member, SnapshotMetadata } from '@seedraft/core';

/** Thrown while reading a tuple; caught by whoever opened the record. Never leaves this room. */
export class MalformedTuple extends Error {}

/** Runs a reader; null when the tuple has another shape. */
export function readOrNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch (thrown) {
    if (thrown instanceof MalformedTuple) return null;
    throw thrown;
  }
}

export function asTuple(value: unknown, length: number): readonly unknown[] {
  if (!Array.isArray(value) || value.length !== length) throw new MalformedTuple();
  return value as unknown[];
}

export function asList(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new MalformedTuple();
  return value as unknown[];
}

/** An integer >= 0: an index, a term, a seq, a size, a checksum. */
export function asCount(value: unknown): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new MalformedTuple();
  return value as number;
}

export function asText(value: unknown): string {
  if (typeof value !== 'string') throw new MalformedTuple();
  return value;
}

export function asBytes(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new MalformedTuple();
  return value;
}

function asBoolean(value: unknown): boolean {
  if (typeof value !== 'boolean') throw new MalformedTuple();
  return value;
}

function asInteger(value: unknown): number {
  if (!Number.isSafeInteger(value)) throw new MalformedTuple();
  return value as number;
}

function asOneOf<T>(choices: readonly T[], value: unknown): T {
  const choice = choices[asCount(value)];
  if (choice === undefined) throw new MalformedTuple();
  return choice;
}

const KINDS = ['command', 'noop', 'configuration'] as const;
const ROLES = ['voter', 'learner', 'leaving'] as const;

export function putEntry(entry: Entry): void {
  const { index, term, kind, data, checksum, configuration } = entry;
  putList(6);
  putNumber(index);
  putNumber(term);
  putNumber(KINDS.indexOf(kind));
  putBytes(data);
  putNumber(checksum);
  if (configuration === null) putNull();
  else putValue(configurationToTuple(configuration));
}

export function entryFromTuple(value: unknown): Entry {
  const [index, term, kind, data, checksum, configuration] = asTuple(value, 6);
  return {
    index: asCount(index),
    term: asCount(term),
    kind: asOneOf(KINDS, kind),
    data: asBytes(data),
    checksum: asCount(checksum),
    configuration: configuration === null ? null : configurationFromTuple(configuration),
  };
}

export function configurationToTuple(configuration: Configuration): unknown[] {
  const members = configuration.members.map((member) => [
    member.id,
    member.incarnation,
    member.name,
    member.peerAddress,
    member.clientAddress,
    ROLES.indexOf(member.role),
    member.priority,
  ]);
  return [members, configuration.outgoing, configuration.autoLeave, configuration.highestId];
}

export function configurationFromTuple(value: unknown): Configuration {
  const [members, outgoing, autoLeave, highestId] = asTuple(value, 4);
  return {
    members: asList(members).map(memberFromTuple),
    outgoing: outgoing === null ? null : asList(outgoing).map(asCount),
    autoLeave: asBoolean(autoLeave),
    highestId: asCount(highestId),
  };
}

function memberFromTuple(value: unknown): Member {
  const [id, incarnation, name, peerAddress, clientAddress, role, priority] = asTuple(value, 7);
  return {
    id: asCount(id),
    incarnation: asText(incarnation),
    name: asText(name),
    peerAddress: asText(peerAddress),
    clientAddress: asText(clientAddress),
    role: asOneOf(ROLES, role),
    priority: asInteger(priority),
  };
}

export function snapshotToTuple(snapshot: SnapshotMetadata): unknown[] {
  return [
    snapshot.id,
    snapshot.lastIncludedIndex,
    snapshot.lastIncludedTerm,
    configurationToTuple(snapshot.configuration),
    snapshot.configurationIndex,
    snapshot.size,
    snapshot.checksum,
  ];
}

export function snapshotFromTuple(value: unknown): SnapshotMetadata {
  const [id, index, term, configuration, configurationIndex, size, checksum] = asTuple(value, 7);
  return {
    id: asText(id),
    lastIncludedIndex: asCount(index),
    lastIncludedTerm: asCount(term),
    configuration: configurationFromTuple(configuration),
    configurationIndex: asCount(configurationIndex),
    size: asCount(size),
    checksum: asCount(checksum),
  };
}
