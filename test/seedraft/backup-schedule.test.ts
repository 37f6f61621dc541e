/**
 * Scheduled backups of real members in this process, into a store on loopback: by the leader alone, when due and not twice, through a change of leaders and a
 * store that is away; what does not count is made again, and what is not this cluster's is left alone.
 */
import type { RunningNode } from '@seedraft/node';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { S3Backups } from '../../packages/seedraft/src/s3/backups.ts';
import { Bucket } from '../../packages/seedraft/src/s3/bucket.ts';
import {
  type BackupPlan,
  BackupSchedule,
} from '../../packages/seedraft/src/serve/backup-schedule.ts';
import type { Logger } from '../../packages/seedraft/src/serve/log.ts';
import { metricsText } from '../../packages/seedraft/src/serve/metrics.ts';
import { NO_METRICS } from '../deploy/no-metrics.ts';
import { NodeCluster } from '../node/cluster.ts';
import { S3Server } from './s3-server.ts';

const HOUR = 3_600_000;

let server: S3Server;
let cluster: NodeCluster;
let said: string[];
const schedules = new Map<number, BackupSchedule>();

beforeEach(async () => {
  said = [];
  server = new S3Server('backups');
  await server.start();
  for (const [name, value] of Object.entries(server.environment)) vi.stubEnv(name, value);
});
afterEach(async () => {
  await Promise.all([...schedules.values()].map((schedule) => schedule.stop()));
  schedules.clear();
  await cluster.stop();
  await server.stop();
  vi.unstubAllEnvs();
});

/** On every member alike, as an operator would set it. */
async function scheduled(size: number, plan: BackupPlan): Promise<void> {
  cluster = await NodeCluster.start(size);
  await cluster.put('k', 'v');
  await cluster.converged();
  for (const node of cluster.running()) await schedule(node, plan);
  cluster.onEvent = (event, id) => schedules.get(id)?.heard(event);
}

async function schedule(node: RunningNode, plan: BackupPlan): Promise<void> {
  const say = (_: unknown, text: string): unknown => said.push(`n${node.id} ${text}`);
  const logger = { info: say, warn: say, error: say } as unknown as Logger;
  const backups = new S3Backups(await Bucket.open('backups', ''), 'team/');
  const made = new BackupSchedule(backups, plan, logger);
  for (const event of cluster.events) if (event.node === node.id) made.heard(event);
  schedules.set(node.id, made);
  made.begin(node);
}

const figuresOf = (node: RunningNode) => schedules.get(node.id)!.figures;
const keys = () => server.keys('backups');
/** Whole objects; the leader reads its own back, a new one reads what it finds. */
const reads = () =>
  server.asked.filter(({ method, path }) => method === 'GET' && path.endsWith('.backup')).length;
const puts = () => server.asked.filter(({ method }) => method === 'PUT').length;

async function handOver(): Promise<RunningNode> {
  const old = await cluster.leader();
  const target = cluster.running().find(({ id }) => id !== old.id)!;
  await old.request({ type: 'TransferLeadership', target: target.id });
  return cluster.until('another leads', async () => {
    const leader = await cluster.leader();
    return leader.id === target.id && leader;
  });
}

async function firstBackup(): Promise<void> {
  const leader = await cluster.leader();
  await cluster.until('a first backup', () => figuresOf(leader).lastSuccess > 0);
}

test('the leader alone, one an interval, and only so many are kept', async () => {
  let began = Number.POSITIVE_INFINITY;
  const putAt: number[] = [];
  server.meanwhile = ({ method }) => {
    const now = performance.now();
    began = Math.min(began, now);
    if (method === 'PUT') putAt.push(now);
    return undefined;
  };
  await scheduled(3, { every: 300, keep: 2 });
  await cluster.until('five of them', () => puts() >= 5);
  await cluster.until('the older ones are gone', () => keys().length === 2);
  const leaders = cluster.events.flatMap((event) =>
    event.type === 'Raft' && event.event.type === 'BecameRole' && event.event.role === 'leader'
      ? [`${event.node}`]
      : [],
  );
  const makers = said.flatMap((line) => /^n(\d) backup as of/.exec(line)?.[1] ?? []);
  expect(makers.length).toBeGreaterThanOrEqual(4);
  expect(makers.filter((maker) => !leaders.includes(maker))).toEqual([]);
  // However late each of them was, none was early; clocks of two kinds differ by little.
  const early = putAt.filter((at, before) => at - began < 300 * before - 20);
  expect(early).toEqual([]);
}, 20_000);

test('a new leader finds the last one in the store, and makes none before it is due', async () => {
  await scheduled(3, { every: HOUR, keep: 0 });
  await firstBackup();
  const next = await handOver();
  await cluster.until('it has looked', () => reads() === 2 && figuresOf(next).lastSuccess > 0);
  expect(figuresOf(next).url).toBe(`s3://backups/${keys()[0]}`);
  expect(puts()).toBe(1);
}, 20_000);

test('leadership is lost during an upload: that one is given up, the new leader makes it', async () => {
  let isFirst = true;
  let release = (_: string): void => {};
  const blocked = new Promise<void>((resolve) => {
    server.meanwhile = ({ method }) => {
      if (method !== 'PUT' || !isFirst) return undefined;
      isFirst = false;
      resolve();
      return new Promise((refuse) => {
        release = refuse;
      });
    };
  });
  await scheduled(3, { every: HOUR, keep: 0 });
  await blocked;
  const before = await cluster.leader();
  const next = await handOver();
  await cluster.until('the new leader has made one', () => figuresOf(next).duration > 0);
  // Who still wanted it there would try again now.
  release('SlowDown');
  await schedules.get(before.id)!.stop();
  expect(keys()).toHaveLength(1);
  expect(figuresOf(before)).toMatchObject({ lastSuccess: 0, duration: 0, failuresTotal: 0 });
  // The state is held by nobody any more.
  const free = await before.backup();
  expect(free).toMatchObject({ ok: true });
  if (free.ok) free.close();
}, 20_000);

test('the store is away: said, counted, tried again; it is back: done, and the figures say so', async () => {
  await server.stop();
  await scheduled(1, { every: 400, keep: 0 });
  const node = cluster.node(1);
  await cluster.until('two failures', () => figuresOf(node).failuresTotal >= 2);
  expect(figuresOf(node).failure).toMatch(/^S3_UNREACHABLE: .*cannot be reached/);
  expect(said.join('\n')).toMatch(/backup failed: S3_UNREACHABLE: .*; the next try is in 0\.\d s/);
  await server.start();
  await cluster.until('a backup', () => figuresOf(node).duration > 0);
  const figures = figuresOf(node);
  expect(figures).toMatchObject({ failure: '', interval: 400 });
  const page = await metricsText(NO_METRICS, figures);
  const shown = (name: string) =>
    Number(new RegExp(`^seedraft_backup_${name} (\\S+)$`, 'm').exec(page)![1]);
  expect(shown('last_success_timestamp_seconds')).toBeCloseTo(figures.lastSuccess / 1000, 2);
  expect(shown('failures_total')).toBeGreaterThanOrEqual(2);
  const { bytes } = server.objects.get(figures.url.slice('s3://'.length))!;
  expect(shown('size_bytes')).toBe(bytes.length);
  expect(shown('duration_seconds')).toBeGreaterThan(0);
}, 20_000);

test('one that is not whole does not count for the next leader; one of another cluster of that name counts for nobody', async () => {
  const stranger = 'backups/team/test/20200101T000000.000Z-entry-999999.backup';
  const bytes = Buffer.from('somebody else');
  const metadata = { 'seedraft-members': 'unknown' };
  server.objects.set(stranger, { bytes, metadata, modified: new Date() });
  await scheduled(3, { every: HOUR, keep: 1 });
  await firstBackup();
  expect(said.join('\n')).toMatch(/entry-999999\.backup is not of this cluster/);
  const [path] = [...server.objects.keys()].filter((key) => key !== stranger);
  const object = server.objects.get(path!)!;
  server.objects.set(path!, { ...object, bytes: object.bytes.subarray(0, -3) });
  const next = await handOver();
  await cluster.until('another one', () => figuresOf(next).duration > 0);
  expect(said.join('\n')).toMatch(/does not count: .*ends before its last record/);
  await cluster.until('the bad one is gone', () => keys().length === 2);
  expect(server.objects.has(stranger)).toBe(true);
  expect(server.objects.has(path!)).toBe(false);
}, 20_000);
