/**
 * Proves one by one, with the test in the members' place, what the client does at each turn a request can take: that it sends again under the
 * same session and sequence, what it never sends again, and which word it gives its caller.
 */
import { describe, expect, test } from 'vitest';
import { Script, type Sent } from './script.ts';

const under = ({ request }: Sent) =>
  'sequence' in request ? [request.sessionId, request.sequence] : null;
const commandsOf = ({ request }: Sent) =>
  request.type === 'Command' ? [request.command] : request.type === 'Batch' ? request.commands : [];
const firstIncompleteOf = ({ request }: Sent) =>
  'firstIncomplete' in request ? request.firstIncomplete : 0;

describe('a write whose fate is open', () => {
  test('is sent again under its session and sequence, and answered with the first result', () => {
    const s = new Script();
    const connection = s.withSession();
    const asked = s.command('x');
    const first = s.next();
    s.cut(connection);
    expect(asked.outcome).toBeNull();
    s.welcome();
    const second = s.next();
    expect(under(second)).toEqual(under(first));
    expect(commandsOf(second)).toEqual(['x']);
    s.ok(second, 'result');
    expect(asked.outcome).toEqual({ ok: true, index: 9, value: 'result' });
  });

  test('stays unknown when a later try is refused for good', () => {
    const s = new Script();
    s.withSession();
    const asked = s.command('x');
    s.unknown(s.next());
    s.welcome();
    s.refuse(s.next(), 'STATE_LIMIT');
    expect(asked.outcome).toMatchObject({ code: 'STATE_LIMIT', outcome: 'unknown' });
  });

  test('stays unknown when its session expired meanwhile, and is not sent under another', () => {
    const s = new Script();
    s.withSession();
    const asked = s.command('x');
    s.unknown(s.next());
    s.welcome();
    s.refuse(s.next(), 'SESSION_EXPIRED');
    expect(asked.outcome).toMatchObject({ code: 'SESSION_EXPIRED', outcome: 'unknown' });
    s.wait(20_000);
    expect(s.news()).toEqual([]);
  });

  test('is not sent under another session either when it was still waiting to be sent again', () => {
    const s = new Script();
    const connection = s.withSession(3);
    const asked = [s.command('x'), s.command('y')];
    expect(s.news()).toHaveLength(2);
    s.cut(connection);
    s.welcome(null, 1);
    // One credit: y waits for the fate of x.
    s.refuse(s.next(), 'SESSION_EXPIRED');
    s.wait(20_000);
    expect(s.news()).toEqual([]);
    for (const { outcome } of asked) {
      expect(outcome).toMatchObject({ code: 'SESSION_EXPIRED', outcome: 'unknown' });
    }
  });

  test('keeps all commands of its group, also of callers that gave up', () => {
    const s = new Script();
    const connection = s.withSession();
    const k = s.ask({ type: 'query', mode: 'stale', query: 0 });
    s.ok(s.next(), 0);
    expect(k.outcome).toMatchObject({ ok: true });
    s.cut(connection);
    const hurried = s.command('x', 'x', 50);
    const patient = s.command('y', 'y');
    const again = s.welcome();
    const first = s.next();
    expect(commandsOf(first)).toEqual(['x', 'y']);
    s.cut(again);
    s.wait(100);
    expect(hurried.outcome).toMatchObject({ code: 'TIMEOUT', outcome: 'unknown' });
    s.welcome();
    const second = s.next();
    expect([under(second), commandsOf(second)]).toEqual([under(first), ['x', 'y']]);
    s.ok(second, ['rx', 'ry']);
    expect(patient.outcome).toMatchObject({ ok: true, value: 'ry' });
  });

  test('holds firstIncomplete back, whatever is answered after it', () => {
    const s = new Script();
    const connection = s.withSession();
    s.command('slow');
    const slow = s.next();
    for (let i = 0; i < 3; i++) {
      s.command('fast');
      const fast = s.next();
      expect(firstIncompleteOf(fast)).toBe(2);
      s.ok(fast, null);
    }
    s.cut(connection);
    s.welcome();
    const again = s.next();
    expect([under(again), firstIncompleteOf(again)]).toEqual([under(slow), 2]);
    s.ok(again, null);
    s.command('next');
    expect(firstIncompleteOf(s.next())).toBe(6);
  });
});

describe('a write that certainly did nothing', () => {
  test('follows the redirect at once', () => {
    const s = new Script();
    s.withSession();
    const asked = s.command('x');
    s.refuse(s.next(), 'NOT_LEADER', 'z:1');
    expect([...s.dialed.values()].at(-1)).toBe('z:1');
    s.welcome();
    s.ok(s.next(), 'done');
    expect(asked.outcome).toMatchObject({ ok: true, value: 'done' });
  });

  test('is left out of its group once its caller was told so', () => {
    const s = new Script();
    const connection = s.withSession();
    s.cut(connection);
    const hurried = s.command('x', 'x', 50);
    const patient = s.command('y', 'y');
    s.welcome();
    s.refuse(s.next(), 'NO_SPACE');
    // Refused: now it is in nobody's hands. Its time runs out while the client waits.
    s.engine.abort(hurried.call);
    expect(hurried.outcome).toMatchObject({ code: 'ABORTED', outcome: 'not applied' });
    s.wait(400);
    const second = s.next();
    expect(commandsOf(second)).toEqual(['y']);
    s.ok(second, 'ry');
    expect(patient.outcome).toMatchObject({ ok: true, value: 'ry' });
  });

  test('goes under a new session when the old one expired while nothing was in doubt', () => {
    const s = new Script();
    s.withSession();
    const asked = s.command('x');
    s.refuse(s.next(), 'SESSION_EXPIRED');
    const opening = s.next();
    expect(opening.request.type).toBe('OpenSession');
    s.ok(opening, 8);
    const again = s.next();
    expect(under(again)).toEqual([8, 1]);
    s.ok(again, 'done');
    expect(asked.outcome).toMatchObject({ ok: true });
  });

  test('tries alone when its company made the entry too large', () => {
    const s = new Script();
    const connection = s.withSession();
    s.cut(connection);
    const asked = [s.command('x', 'x'), s.command('y', 'y')];
    s.welcome();
    s.refuse(s.next(), 'ENTRY_TOO_LARGE');
    const [x, y] = s.news();
    s.ok(x!, 'rx');
    s.refuse(y!, 'ENTRY_TOO_LARGE');
    expect(asked[0]!.outcome).toMatchObject({ ok: true, value: 'rx' });
    expect(asked[1]!.outcome).toMatchObject({ code: 'ENTRY_TOO_LARGE', outcome: 'not applied' });
  });

  test('was never sent when no member answered in time', () => {
    const s = new Script();
    const asked = s.command('x', null, 3000);
    s.wait(3000);
    expect(asked.outcome).toMatchObject({ code: 'TIMEOUT', outcome: 'not applied' });
  });

  test('cannot be encoded: its caller hears it, its company does not', () => {
    const s = new Script();
    const connection = s.withSession();
    s.cut(connection);
    const asked = [s.command(Number.NaN, 'x'), s.command('y', 'y')];
    s.welcome();
    s.ok(s.next(), 'ry');
    expect(asked[0]!.outcome).toMatchObject({ code: 'BAD_REQUEST', outcome: 'not applied' });
    expect(asked[1]!.outcome).toMatchObject({ ok: true, value: 'ry' });
  });
});

describe('what must not be sent twice', () => {
  const change = {
    type: 'admin',
    request: { type: 'TransferLeadership', target: 2 },
    address: null,
  } as const;

  test('is unknown once its connection broke', () => {
    const s = new Script();
    const asked = s.ask(change);
    const connection = s.welcome();
    s.next();
    s.cut(connection);
    expect(asked.outcome).toMatchObject({ code: 'CONNECTION_LOST', outcome: 'unknown' });
  });

  test('is asked elsewhere as long as it was only refused', () => {
    const s = new Script();
    const asked = s.ask(change);
    s.welcome();
    s.refuse(s.next(), 'NOT_LEADER', 'b:1');
    s.welcome();
    s.ok(s.next(), 2);
    expect(asked.outcome).toMatchObject({ ok: true, value: 2 });
  });

  test('commands outside a session', () => {
    const s = new Script({ sessionTimeout: null });
    const asked = s.command('x');
    s.welcome();
    s.unknown(s.next());
    expect(asked.outcome).toMatchObject({ code: 'UNKNOWN_OUTCOME', outcome: 'unknown' });
  });
});

describe('connections', () => {
  test('one that falls silent is probed, then given up, and its requests go elsewhere', () => {
    const s = new Script();
    const connection = s.withSession();
    s.ask({ type: 'query', mode: 'linearizable', query: 'q' });
    s.next();
    s.isAlive = false;
    s.wait(1000);
    expect(s.hungUp).toContain(connection);
    s.welcome();
    expect(s.next().request).toMatchObject({ type: 'Query', query: 'q' });
  });

  test('a slow answer is waited for as long as the member shows that it lives', () => {
    const s = new Script();
    s.withSession();
    const asked = s.ask({ type: 'query', mode: 'linearizable', query: 'q' });
    const request = s.next();
    s.wait(6000);
    expect(s.hungUp.size).toBe(0);
    s.ok(request, 'late');
    expect(asked.outcome).toMatchObject({ ok: true, value: 'late' });
  });

  test('one that lives and opens no session is left for another, and the write goes there', () => {
    const s = new Script();
    const asked = s.command('x');
    const first = s.welcome();
    const opening = s.next();
    s.wait(900);
    const second = s.welcome();
    expect(second).not.toBe(first);
    const again = s.next();
    expect([opening.request.type, again.request.type]).toEqual(['OpenSession', 'OpenSession']);
    // The session that nobody waits for any more must not become ours: the write would go under it at a member that may not lead.
    s.ok(opening, 5);
    s.ok(again, 7);
    const write = s.next();
    expect(write).toMatchObject({ connection: second, request: { sessionId: 7, sequence: 1 } });
    s.ok(write, 'stored');
    expect(asked.outcome).toMatchObject({ ok: true, value: 'stored' });
    expect(s.hungUp.size).toBe(0);
  });

  test('a member of another cluster is not talked to, and the caller hears it', () => {
    const s = new Script({ clusterId: 'other', endpoints: ['a:1'] });
    const asked = s.command('x');
    s.welcome();
    expect(asked.outcome).toMatchObject({ code: 'WRONG_CLUSTER', outcome: 'not applied' });
  });

  test('a token that no member takes fails at once', () => {
    const s = new Script();
    const asked = s.command('x');
    for (let i = 0; i < 2; i++) {
      const connection = [...s.dialed.keys()].at(-1)!;
      s.engine.opened(connection);
      s.tell(connection, { type: 'goodbye', code: 'UNAUTHORIZED', reason: 'who are you?' });
    }
    expect(asked.outcome).toMatchObject({ code: 'UNAUTHORIZED', outcome: 'not applied' });
  });

  test('a lease that ran out becomes a read index', () => {
    const s = new Script();
    const asked = s.ask({ type: 'query', mode: 'lease', query: 'q' });
    s.welcome();
    s.refuse(s.next(), 'LEASE_EXPIRED');
    const again = s.next();
    expect(again.request).toMatchObject({ mode: 'linearizable' });
    s.ok(again, 1);
    expect(asked.outcome).toMatchObject({ ok: true });
  });

  test('while the leader is searched, one request asks for all', () => {
    const s = new Script();
    const connection = s.withSession();
    const asked = Array.from({ length: 6 }, (_, i) => s.command(i));
    expect(s.news()).toHaveLength(6);
    s.cut(connection);
    s.welcome();
    for (let turn = 0; turn < 5; turn++) {
      const scout = s.next();
      s.refuse(scout, 'NO_LEADER');
      s.wait(400);
      if (s.isDialing) s.welcome();
    }
    s.ok(s.next(), null);
    for (const request of s.news()) s.ok(request, null);
    for (const { outcome } of asked) expect(outcome).toMatchObject({ ok: true });
  });

  test('stale reads are served while there is no leader', () => {
    const s = new Script();
    s.withSession();
    s.command('x');
    s.refuse(s.next(), 'NO_LEADER');
    const asked = s.ask({ type: 'query', mode: 'stale', query: 'q' });
    s.ok(s.next(), 'old');
    expect(asked.outcome).toMatchObject({ ok: true, value: 'old' });
  });

  test('no more than the credits are open, and the rest is sent as answers come', () => {
    const s = new Script();
    s.withSession(3);
    for (let i = 0; i < 5; i++) s.ask({ type: 'query', mode: 'linearizable', query: i });
    const sent = s.news();
    expect(sent).toHaveLength(3);
    s.ok(sent[1]!, 1);
    expect(s.next().request).toMatchObject({ query: 3 });
  });

  test('too many calls are refused at once', () => {
    const s = new Script({ maxCalls: 2 });
    const asked = [s.command(1), s.command(2), s.command(3)];
    expect(asked[2]!.outcome).toMatchObject({ code: 'QUEUE_FULL', outcome: 'not applied' });
    expect(asked[0]!.outcome).toBeNull();
  });

  test('an answer that nobody waits for ends the connection', () => {
    const s = new Script();
    const connection = s.withSession();
    s.reply(connection, 99, { type: 'Ok', index: 1, value: null });
    expect(s.hungUp).toContain(connection);
  });
});

describe('watches', () => {
  const watch = (heard: unknown[]) =>
    ({
      type: 'watch',
      query: 'w',
      onEvent: (index: number, value: unknown) => heard.push([index, value]),
    }) as const;

  test('hear events, take no credit while they wait, and are lost with their connection', () => {
    const s = new Script();
    const connection = s.withSession(2);
    const heard: unknown[] = [];
    const asked = s.ask(watch(heard));
    const { requestId } = s.next();
    s.tell(connection, { type: 'event', requestId, index: 4, value: null });
    s.tell(connection, { type: 'event', requestId, index: 6, value: 'v' });
    expect(heard).toEqual([
      [4, null],
      [6, 'v'],
    ]);
    s.ask({ type: 'query', mode: 'linearizable', query: 1 });
    s.ask({ type: 'query', mode: 'linearizable', query: 2 });
    expect(s.news()).toHaveLength(2);
    s.wait(2000);
    s.cut(connection);
    expect(asked.outcome).toMatchObject({ code: 'WATCH_LOST', outcome: 'not applied' });
  });

  test('end when their caller says so', () => {
    const s = new Script();
    const connection = s.withSession();
    const heard: unknown[] = [];
    const asked = s.ask(watch(heard));
    const request = s.next();
    s.tell(connection, { type: 'event', requestId: request.requestId, index: 4, value: null });
    s.engine.abort(asked.call);
    expect(s.others.at(-1)).toEqual({ type: 'cancel', requestId: request.requestId });
    s.tell(connection, { type: 'event', requestId: request.requestId, index: 5, value: 'late' });
    s.ok(request, null);
    expect(heard).toEqual([[4, null]]);
    expect(s.hungUp.size).toBe(0);
  });
});

describe('news of the cluster', () => {
  const lead = (s: Script, connection: number, leaderAddress: string, addresses = ['a:1', 'b:1']) =>
    s.tell(connection, { type: 'cluster', leader: 2, leaderAddress, addresses });
  /** Refused by whoever is asked, until it waits. */
  function searching(s: Script) {
    const asked = s.command('x');
    for (let turn = 0; turn < 8; turn++) {
      if (s.isDialing) s.welcome();
      for (const sent of s.news()) s.refuse(sent, 'NO_LEADER');
    }
    expect(s.engine.deadline(s.now)).toBeGreaterThan(s.now);
    return asked;
  }

  test('end the waiting of a search', () => {
    const s = new Script({ backoff: { initial: 1000, max: 1000 } });
    const asked = searching(s);
    const [first] = s.dialed.keys();
    lead(s, first!, 'b:1');
    s.turn();
    if (s.isDialing) s.welcome();
    const sent = s.news().filter((one) => one.request.type !== 'Status');
    expect(sent.map(({ connection }) => s.dialed.get(connection))).toEqual(['b:1']);
    if (sent[0]!.request.type === 'OpenSession') s.ok(sent[0]!, 7);
    s.ok(s.next(), 'done');
    expect(asked.outcome).toMatchObject({ ok: true, value: 'done' });
  });

  test('move nobody whose leader answers', () => {
    const s = new Script();
    const connection = s.withSession();
    lead(s, connection, 'b:1');
    s.command('x');
    expect(s.next().connection).toBe(connection);
  });

  test('tell where members moved, without a new connection', () => {
    const s = new Script({ endpoints: ['a:1'] });
    const connection = s.withSession();
    lead(s, connection, '', ['z:9']);
    s.cut(connection);
    s.command('x');
    s.wait(1000);
    expect([...s.dialed.values()]).toContain('z:9');
  });

  test('before the welcome are out of turn', () => {
    const s = new Script();
    s.command('x');
    const [connection] = s.dialed.keys();
    s.engine.opened(connection!);
    lead(s, connection!, 'b:1');
    s.turn();
    expect(s.hungUp.has(connection!)).toBe(true);
  });
});
