/**
 * The peer port: members authenticate, strangers and the wrong ones are told why and never listened to, a slow or lost peer hurts nobody else.
 */
import { readFileSync } from 'node:fs';
import { type RunningNode, startNode, type TlsMaterial } from '@seedraft/node';
import {
  encodeHandshake,
  encodePeer,
  encodeProof,
  FRAME_KIND,
  type Frame,
  type Handshake,
  readHandshakeFrame,
  readRefusalFrame,
} from '@seedraft/wire';
import { afterEach, describe, expect, test } from 'vitest';
import { NodeCluster, type Overrides } from './cluster.ts';
import { MemoryStorage } from './memory-storage.ts';
import { TcpProxy } from './proxy.ts';
import { Raw } from './raw.ts';

let cluster: NodeCluster;
const open: Raw[] = [];
const proxies: TcpProxy[] = [];
afterEach(async () => {
  for (const raw of open.splice(0)) raw.socket.destroy();
  await cluster.stop();
  for (const proxy of proxies.splice(0)) proxy.close();
});

const SECRET = 'a secret that is long enough';
const secret: Overrides = { security: { peers: { kind: 'secret', secret: SECRET } } };

function pem(name: string): string {
  return readFileSync(new URL(`./certificates/${name}`, import.meta.url), 'utf8');
}
const certificate = (name: string, ca = 'ca'): TlsMaterial => ({
  cert: pem(`${name}.pem`),
  key: pem(`${name}.key`),
  ca: pem(`${ca}.pem`),
});
const tls = (name: string, ca = 'ca'): Overrides => ({
  security: { peers: { kind: 'tls', ...certificate(name, ca) } },
});

function dial(node: RunningNode): Raw {
  const raw = new Raw(node.peerAddress);
  open.push(raw);
  return raw;
}

const handshake: Handshake = {
  version: 1,
  clusterId: 'test',
  id: 9,
  incarnation: 'ab'.repeat(16),
  address: '127.0.0.1:1',
  authentication: 'open',
  nonce: new Uint8Array(0),
};
const vote = encodePeer({
  type: 'RequestVote',
  from: 9,
  to: 1,
  term: 1000,
  lastLogIndex: 1000,
  lastLogTerm: 999,
  transfer: true,
});

async function refusal(raw: Raw): Promise<string> {
  for (let frame = await raw.next(); frame !== null; frame = await raw.next()) {
    if (frame.kind !== FRAME_KIND.refusal) continue;
    const read = readRefusalFrame(frame);
    if (read.ok) return read.message.code;
  }
  return 'closed without a word';
}

describe('authentication', () => {
  test('with a shared secret, and with certificates, members reach each other', async () => {
    cluster = await NodeCluster.start(3, secret);
    await cluster.put('a', '1');
    await cluster.converged();
    await cluster.stop();
    cluster = await NodeCluster.start(3, tls('member'));
    await cluster.put('a', '1');
    await cluster.converged();
  });

  test('a member with another secret, or none, takes part in nothing and is told why', async () => {
    const others: Overrides[] = [
      { security: { peers: { kind: 'secret', secret: 'another one of 24 characters' } } },
      { security: { peers: { kind: 'open' } } },
    ];
    for (const other of others) {
      cluster = await NodeCluster.start(3, secret);
      await cluster.put('a', '1');
      const leader = await cluster.leader();
      const id = cluster.running().find((node) => node.id !== leader.id)!.id;
      await cluster.node(id).stop();
      const before = cluster.events.length;
      const odd = await cluster.boot(id, other);
      await cluster.until('told', () =>
        cluster.events
          .slice(before)
          .find(
            (event) =>
              event.type === 'PeerRefused' && event.node === id && event.code === 'UNAUTHENTICATED',
          ),
      );
      await cluster.put('b', '2');
      expect(odd.status()).toMatchObject({ leader: 0, commitIndex: 0 });
      await cluster.stop();
    }
  });

  test('a certificate of another authority opens nothing; a reloaded one goes on', async () => {
    cluster = await NodeCluster.start(3, tls('member'));
    await cluster.put('a', '1');
    const leader = await cluster.leader();
    const id = cluster.running().find((node) => node.id !== leader.id)!.id;
    await cluster.node(id).stop();
    const odd = await cluster.boot(id, tls('stranger', 'other-ca'));
    for (const node of cluster.running()) {
      if (node !== odd) node.reloadTls({ peers: certificate('renewed') });
    }
    await cluster.put('b', '2');
    expect(odd.status()).toMatchObject({ leader: 0, commitIndex: 0 });
    await odd.stop();
    await cluster.boot(id, tls('renewed'));
    await cluster.converged();
  });

  test('an unauthenticated peer can neither vote nor append: not one frame is looked at', async () => {
    cluster = await NodeCluster.start(1, { ...secret, limits: { handshake: 500 } });
    const node = await cluster.leader();
    const nonce = new Uint8Array(32);
    const first = encodeHandshake({ ...handshake, authentication: 'secret', nonce });
    const attempts: Uint8Array[][] = [
      [vote],
      [first, vote],
      [first, encodeProof(new Uint8Array(32)), vote],
    ];
    for (const frames of attempts) {
      const raw = dial(node);
      raw.send(...frames);
      await raw.closed();
    }
    // The member's own proof, sent back to it, proves nothing.
    const mirror = dial(node);
    mirror.send(first);
    const answer = (await mirror.next()) as Frame;
    const theirs = readHandshakeFrame(answer);
    expect(theirs).toMatchObject({ ok: true, message: { id: 1 } });
    const echo = dial(node);
    echo.send(encodeHandshake((theirs as { message: Handshake }).message));
    expect(await refusal(echo)).toBe('closed without a word');
    expect(node.status()).toMatchObject({ role: 'leader', term: 1 });
    const { transport } = await node.metrics();
    expect(transport.peerMessages.messagesReceived).toBe(0);
  });
});

describe('who may talk', () => {
  test('another cluster, another version, another authentication: a refusal with its code', async () => {
    cluster = await NodeCluster.start(1);
    const node = await cluster.leader();
    const cases: [Partial<Handshake>, string][] = [
      [{ clusterId: 'other' }, 'WRONG_CLUSTER'],
      [{ version: 7 }, 'VERSION'],
      [{ authentication: 'secret', nonce: new Uint8Array(32) }, 'UNAUTHENTICATED'],
      [{ id: 1 }, 'MEMBER_WIPED'],
    ];
    for (const [change, code] of cases) {
      const raw = dial(node);
      raw.send(encodeHandshake({ ...handshake, ...change }), vote);
      expect(await refusal(raw)).toBe(code);
    }
    expect(node.status().term).toBe(1);
    const liar = dial(node);
    // Proven to be 9, it speaks for 2.
    liar.send(
      encodeHandshake(handshake),
      encodePeer({ type: 'TimeoutNow', from: 2, to: 1, term: 1 }),
    );
    await liar.closed();
    expect(node.status()).toMatchObject({ role: 'leader', term: 1 });
  });

  test('a wiped member, started with its old flags, is refused, stops, and says how to rejoin', async () => {
    cluster = await NodeCluster.start(3);
    await cluster.put('a', '1');
    await cluster.until('incarnations bound', () =>
      cluster
        .running()
        .every((node) =>
          node.status().configuration.members.every(({ incarnation }) => incarnation !== ''),
        ),
    );
    const leader = await cluster.leader();
    const id = cluster.running().find((node) => node.id !== leader.id)!.id;
    await cluster.node(id).stop();
    cluster.nodes.find((node) => node.id === id)!.storage.wipe();
    const wiped = await cluster.boot(id);
    const { code, sentence } = await wiped.stopped;
    expect(code).toBe('MEMBER_WIPED');
    expect(sentence).toMatch(/Remove the member .* join/);
    await cluster.put('b', '2');
  });

  test('a removed member is told so and stops; the others do not listen to it', async () => {
    cluster = await NodeCluster.start(3);
    await cluster.put('a', '1');
    const leader = await cluster.leader();
    const id = cluster.running().find((node) => node.id !== leader.id)!.id;
    const removed = cluster.node(id);
    const change = { type: 'remove', id } as const;
    await cluster.until('removed', async () => {
      const reply = await leader.request({
        type: 'ChangeMembership',
        changes: [change],
        mode: 'single',
      });
      return reply.type === 'Ok';
    });
    expect(await removed.stopped).toMatchObject({ code: 'MEMBER_REMOVED' });
    await cluster.put('b', '2');
  });

  test('somebody else at the address is not taken for the member that was meant', async () => {
    const target = { port: 0 };
    const proxy = await proxied(() => target.port);
    cluster = await NodeCluster.start(2);
    target.port = Number(cluster.first[1]!.peerAddress.split(':')[1]);
    const members = [
      { id: 1, name: 'n1', peerAddress: '127.0.0.1:1', clientAddress: '' },
      { id: 3, name: 'n3', peerAddress: `127.0.0.1:${proxy.port}`, clientAddress: '' },
    ];
    const started = await startNode({
      ...cluster.options(1),
      storage: new MemoryStorage(),
      peerListen: { host: '127.0.0.1', port: 0 },
      clientListen: null,
      start: { how: 'bootstrap', clusterId: 'test', id: 1, members },
    });
    if (!started.ok) throw new Error(started.sentence);
    await cluster.event('PeerRefused', ({ code, id }) => code === 'WRONG_MEMBER' && id === 3);
    await started.node.stop();
  });
});

async function proxied(target: () => number): Promise<TcpProxy> {
  const proxy = new TcpProxy(target);
  await proxy.listen();
  proxies.push(proxy);
  return proxy;
}

describe('bad connections', () => {
  test('strangers are bounded in number and in time', async () => {
    cluster = await NodeCluster.start(1, { limits: { maxHandshakes: 8, handshake: 300 } });
    const node = await cluster.leader();
    const silent = Array.from({ length: 20 }, () => dial(node));
    await Promise.all(silent.map((raw) => raw.closed()));
    const reasons = cluster.events.flatMap((event) =>
      event.type === 'ConnectionRefused' ? [event.reason] : [],
    );
    expect(reasons.filter((reason) => reason.startsWith('too many')).length).toBeGreaterThan(0);
    expect(reasons.filter((reason) => reason.startsWith('no introduction')).length).toBe(8);
  });

  test('who is named nowhere is dialled as long as its connection lasts, and then forgotten', async () => {
    cluster = await NodeCluster.start(1);
    const node = await cluster.leader();
    const links = async (): Promise<number> => (await node.metrics()).transport.peers.length;
    const strangers = Array.from({ length: 20 }, (_, at) => {
      const raw = dial(node);
      raw.send(encodeHandshake({ ...handshake, id: 100 + at }));
      return raw;
    });
    await cluster.until('a way back to each', async () => (await links()) === 20);
    for (const raw of strangers) raw.socket.destroy();
    await cluster.until('none is left', async () => (await links()) === 0);
  });

  test('a stranger can send no more than an introduction takes', async () => {
    cluster = await NodeCluster.start(1);
    const node = await cluster.leader();
    const raw = dial(node);
    raw.send(encodeHandshake({ ...handshake, address: 'x'.repeat(100_000) }));
    await raw.closed();
    await cluster.event('BadFrame', ({ code }) => code === 'TOO_LARGE');
  });

  test('garbage and mutated frames end the connection that brought them, and nothing else', async () => {
    cluster = await NodeCluster.start(1);
    const node = await cluster.leader();
    const good = Buffer.concat([encodeHandshake({ ...handshake, id: 4 }), vote]);
    let seed = 4711;
    const draw = (below: number) => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      return Math.floor((seed / 2 ** 32) * below);
    };
    for (let round = 0; round < 20; round++) {
      const batch = Array.from({ length: 16 }, () => {
        const raw = dial(node);
        const bytes = Buffer.from(good);
        if (round % 2 === 0) bytes[draw(bytes.length)]! ^= 1 << draw(8);
        else bytes.fill(draw(256), draw(bytes.length));
        raw.socket.end(bytes);
        raw.socket.resume();
        return raw.closed();
      });
      await Promise.all(batch);
    }
    await cluster.put('a', '1');
    expect(node.status()).toMatchObject({ role: 'leader', term: 1 });
    const { transport } = await node.metrics();
    expect(transport.peerMessages.badFrames).toBeGreaterThan(100);
  });

  test('a peer that does not read is cut off; the others go on, and it comes back', async () => {
    const real = new Map<number, number>();
    const proxy = await proxied(() => real.get(3)!);
    cluster = await NodeCluster.start(3, {
      limits: { peerQueueBytes: 512 * 1024 },
      raft: {
        electionTimeoutMin: 400,
        electionTimeoutMax: 800,
        heartbeatInterval: 60,
      },
    });
    await cluster.put('a', '1');
    // Members 1 and 2 reach member 3 through the proxy from now on.
    const member = cluster
      .node(1)
      .status()
      .configuration.members.find(({ id }) => id === 3)!;
    real.set(3, Number(member.peerAddress.split(':')[1]));
    const moved = { ...member, peerAddress: `127.0.0.1:${proxy.port}` };
    await cluster.until('moved', async () => {
      const leader = await cluster.leader();
      if (leader.id === 3) {
        await leader.request({ type: 'TransferLeadership', target: 1 });
        return false;
      }
      const current = leader.status().configuration.members.find(({ id }) => id === 3)!;
      const change = {
        type: 'update',
        member: { ...moved, incarnation: current.incarnation },
      } as const;
      const reply = await leader.request({
        type: 'ChangeMembership',
        changes: [change],
        mode: 'single',
      });
      return reply.type === 'Ok';
    });
    const three = cluster.node(3);
    await three.stop();
    await cluster.boot(3);
    await cluster.converged();
    proxy.hold();
    const slow = cluster.event('PeerSlow', ({ id }) => id === 3);
    const value = 'x'.repeat(500_000);
    let isCutOff = false;
    void slow.then(() => {
      isCutOff = true;
    });
    for (let i = 0; i < 400 && !isCutOff; i++) await cluster.put(`k${i}`, value);
    await slow;
    proxy.pass();
    await cluster.put('after', '1');
    await cluster.converged();
  });
});
