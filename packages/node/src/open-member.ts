/** From the wish how to start to an open data directory: what is there is used, what was asked for explicitly is made, nothing else. */
import { randomBytes } from 'node:crypto';
import { firstConfiguration } from '@seedraft/core';
import type { StoreInbox } from './driver.ts';
import { type Joining, join } from './join.ts';
import type { Start } from './options.ts';
import type { OpenedStorage, Opening, Storage, StorageRefusal } from './storage.ts';

export interface OpeningContext {
  readonly directory: string;
  readonly start: Start;
  readonly storage: Storage;
  readonly inbox: StoreInbox;
  readonly onFailure: (sentence: string) => void;
  /** Listens first: a joiner must be able to say where. */
  joining(): Promise<Joining | StorageRefusal>;
}

export async function openMember(context: OpeningContext): Promise<OpenedStorage | StorageRefusal> {
  const opening = await open(context);
  switch (opening.outcome) {
    case 'refused':
      return opening;
    case 'open':
      return isMeant(context, opening);
    case 'joining':
      return joinAndOpen(context, opening.identity);
    case 'empty':
      return makeAndOpen(context);
  }
}

function open({ storage, inbox, onFailure }: OpeningContext): Promise<Opening> {
  return storage.open(inbox, onFailure);
}

/** `bootstrap` and `join` on a directory that has a member start that member, if it is the one that was meant. */
async function isMeant(
  { start, directory }: OpeningContext,
  opened: OpenedStorage,
): Promise<OpenedStorage | StorageRefusal> {
  if (start.how !== 'bootstrap') return opened;
  const { clusterId, id } = opened.identity;
  if (clusterId === start.clusterId && id === start.id) return opened;
  await opened.close();
  return refused(
    'IDENTITY_MISMATCH',
    `${directory} belongs to member ${id} of cluster "${clusterId}", not to member ${start.id} of "${start.clusterId}". Name its own directory, or start it as what it is.`,
  );
}

async function joinAndOpen(
  context: OpeningContext,
  wish: { readonly clusterId: string; readonly incarnation: string; readonly name: string } | null,
): Promise<OpenedStorage | StorageRefusal> {
  if (context.start.how !== 'join') {
    return refused(
      'JOIN_UNFINISHED',
      `${context.directory} waits to join a cluster. Start it with join and the client address of a member.`,
    );
  }
  const joining = await context.joining();
  if ('outcome' in joining) return joining;
  const joined = await join(joining, wish);
  return joined.outcome === 'refused' ? joined : reopen(context);
}

async function makeAndOpen(context: OpeningContext): Promise<OpenedStorage | StorageRefusal> {
  const { start, directory, storage } = context;
  if (start.how === 'join') return joinAndOpen(context, null);
  if (start.how === 'existing') {
    return refused(
      'DIRECTORY_EMPTY',
      `${directory} holds no member. Bootstrap a new cluster once, or join an existing one; if data was here, it is lost: remove the old member and join anew.`,
    );
  }
  const incarnation = randomBytes(16).toString('hex');
  const members = start.members.map(({ id, name, peerAddress, clientAddress }) => ({
    id,
    // Each is written down when the cluster is founded; a cluster of one has nobody to ask.
    incarnation: start.members.length === 1 ? incarnation : '',
    name,
    peerAddress,
    clientAddress,
    role: 'voter' as const,
    priority: 0,
  }));
  const name = members.find(({ id }) => id === start.id)?.name ?? '';
  const identity = { clusterId: start.clusterId, id: start.id, incarnation, name };
  const made = await storage.create(identity, firstConfiguration(members));
  return made.outcome === 'refused' ? made : reopen(context);
}

async function reopen(context: OpeningContext): Promise<OpenedStorage | StorageRefusal> {
  const opening = await open(context);
  if (opening.outcome === 'open' || opening.outcome === 'refused') return opening;
  return refused(
    'DIRECTORY_UNUSABLE',
    `${context.directory} was made, but holds no member when read back. Check its disk.`,
  );
}

function refused(code: string, sentence: string): StorageRefusal {
  return { outcome: 'refused', code, sentence };
}
