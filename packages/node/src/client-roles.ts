/** Which client may ask what: tokens to roles, roles to requests. Tokens are compared by their hashes, in constant time. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { RequestFrame } from '@seedraft/wire';
import type { ClientRole, ClientSecurity } from './options.ts';

const RANK: Readonly<Record<ClientRole | 'none', number>> = {
  none: 0,
  read: 1,
  write: 2,
  admin: 3,
};

const NEEDED: Readonly<Record<RequestFrame['request']['type'], ClientRole>> = {
  Query: 'read',
  Watch: 'read',
  Status: 'read',
  OpenSession: 'write',
  CloseSession: 'write',
  Command: 'write',
  Batch: 'write',
  ChangeMembership: 'admin',
  TransferLeadership: 'admin',
  Snapshot: 'admin',
  // They show everything, sessions and their results included.
  Backup: 'admin',
  Entries: 'admin',
};

export function mayAsk(role: ClientRole, request: RequestFrame['request']['type']): boolean {
  return RANK[role] >= RANK[NEEDED[request]];
}

export class Tokens {
  readonly #hashes: readonly { readonly hash: Uint8Array; readonly role: ClientRole }[];
  readonly #anonymous: ClientRole | 'none';

  constructor({ tokens = [], anonymous }: ClientSecurity) {
    this.#hashes = tokens.map(({ token, role }) => ({ hash: hashOf(token), role }));
    this.#anonymous = anonymous ?? (tokens.length === 0 ? 'admin' : 'none');
  }

  /** 'none': the token is unknown, or there is none and one is needed. */
  roleOf(token: string): ClientRole | 'none' {
    if (token === '') return this.#anonymous;
    const hash = hashOf(token);
    let role: ClientRole | 'none' = 'none';
    for (const known of this.#hashes) if (timingSafeEqual(known.hash, hash)) role = known.role;
    return role;
  }
}

function hashOf(token: string): Uint8Array {
  return createHash('sha256').update(token, 'utf8').digest();
}
