/** raftify's five steps as the example has them, run as a process from its bundle: what each step printed, its own debug tools included. */
import { type CreateNodeOptions, createNode, raftifyConfig } from 'seedraft';
import { afterAll, expect, test } from 'vitest';
import { freePorts } from '../node/free-ports.ts';
import { ExamplePrograms } from './example-program.ts';

let programs: ExamplePrograms | null = null;
afterAll(() => programs?.stop());

test('the program does what the guide says, step by step', { timeout: 60_000 }, async () => {
  programs = await ExamplePrograms.of('raftify-steps', ['steps']);
  const port = await freePorts(8);
  const [code, text] = await programs.run('steps', 'data', `${port}`);
  expect(code, text).toBe(0);
  expect(text).toMatch(/^2\. bootstrapped: 1 member$/m);
  expect(text).toMatch(/^3\. joined as 2 and 3$/m);
  expect(text).toMatch(/^4\. peers: 1 voter, 2 voter, 3 voter$/m);
  expect(text).toMatch(/^ {3}snapshot up to \d+ in term \d+$/m);
  expect(text).toMatch(/^ {3}read here: the third member \/ everywhere: the first member$/m);
  expect(text).toMatch(/^ {3}leader: 2$/m);
  expect(text).toMatch(/^ {3}left: MEMBER_REMOVED$/m);
  expect(text).toMatch(/^a start finds {2}intact$/m);
  expect(text).toMatch(/^role +leader in term \d+$/m);
  expect(text).toMatch(/^follower +name +role +match +next +behind +progress$/m);
  expect(text).toMatch(/^index +term +kind +bytes +session +what$/m);
});

test("raftify's keys in our words, and a sentence for each that does nothing", async () => {
  expect(raftifyConfig({}).options).toEqual({
    config: {
      electionTimeoutMin: 2000,
      electionTimeoutMax: 4000,
      heartbeatInterval: 200,
      maxInflightMessages: 256,
    },
  });
  const { options, unused } = raftifyConfig(
    {
      ...{ tickInterval: 10, electionTick: 10, heartbeatTick: 3, maxSizePerMsg: 0 },
      ...{ maxInflightMsgs: 8, checkQuorum: true, preVote: false, readOnlyOption: 'lease' },
      ...{ maxUncommittedSize: 1024, maxCommittedSizePerReady: 1, priority: 1 },
      ...{ snapshotInterval: 5, clusterId: 'blue', confChangeTimeout: 2000 },
      tls: { cert: 'c', key: 'k', ca: 'a' },
      bootstrapFromSnapshot: 'file',
      initialPeers: [
        { id: 1, addr: '127.0.0.1:1', role: 'leader' },
        { id: 2, addr: '127.0.0.1:2', role: 'voter' },
        { id: 3, addr: '127.0.0.1:3', role: 'learner' },
      ],
    },
    1,
  );
  expect(options).toMatchObject({
    cluster: 'blue',
    peers: [{ id: 2, address: '127.0.0.1:2' }],
    security: { peers: { kind: 'tls', cert: 'c' }, clients: { tls: { ca: 'a' } } },
    config: {
      ...{ electionTimeoutMin: 100, heartbeatInterval: 30, maxAppendEntries: 1 },
      ...{ maxInflightMessages: 8, preVote: false, leaseReads: true, maxUncommittedBytes: 1024 },
    },
  });
  expect(unused.map((sentence) => sentence.split(':')[0])).toEqual([
    ...['maxCommittedSizePerReady', 'priority', 'snapshotInterval', 'bootstrapFromSnapshot'],
    ...['confChangeTimeout', 'initialPeers'],
  ]);
  const lease = raftifyConfig({ readOnlyOption: 'lease', checkQuorum: false });
  const unsafe: CreateNodeOptions = {
    address: '127.0.0.1:0',
    data: 'never made',
    machine: () => {
      throw new Error('never asked for');
    },
    ...lease.options,
  };
  await expect(createNode(unsafe)).rejects.toThrow(/leaseReads needs checkQuorum/);
});
