/** A member's figures in Prometheus' text. Names bear their unit, in base units; what only grows ends in `_total`. */
import type { HistogramSnapshot, NodeMetrics } from '@seedraft/node';
import { Counter, Gauge, type LabelValues, Registry } from 'prom-client';
import type { BackupFigures } from './backup-schedule.ts';

/** `metrics`: null while there is no member yet; `backups`: null where none are made. */
export async function metricsText(
  metrics: NodeMetrics | null,
  backups: BackupFigures | null,
): Promise<string> {
  const page = new Page();
  const help = '1 once the member runs; 0 while it opens its directory or waits to be let in.';
  page.gauge('is_started', help, metrics !== null);
  if (metrics === null) return await page.text(null);
  raft(page, metrics.raft);
  store(page, metrics.store);
  transport(page, metrics.transport);
  processFigures(page, metrics.process);
  if (backups !== null) backupFigures(page, backups);
  return page.text(metrics);
}

/** One scrape: figures are written down once and thrown away with it. */
class Page {
  readonly #registry = new Registry();

  gauge(name: string, help: string, value: number | boolean): void {
    const gauge = new Gauge({ name: `seedraft_${name}`, help, registers: [this.#registry] });
    gauge.set(Number(value));
  }

  /** The same name with one label, once for each of its values. */
  gauges(
    name: string,
    help: string,
    label: string,
    values: readonly (readonly [string, number])[],
  ) {
    const options = { name: `seedraft_${name}`, help, labelNames: [label] };
    const gauge = new Gauge({ ...options, registers: [this.#registry] });
    for (const [of, value] of values) gauge.set({ [label]: of } as LabelValues<string>, value);
  }

  counter(name: string, help: string, value: number): void {
    const options = { name: `seedraft_${name}_total`, help };
    new Counter({ ...options, registers: [this.#registry] }).inc(value);
  }

  /** Durations were sorted into classes when they were measured; prom-client's own histogram can only measure. */
  async text(metrics: NodeMetrics | null): Promise<string> {
    if (metrics === null) return await this.#registry.metrics();
    const { persist } = metrics.store;
    const { turn } = metrics.process;
    const rest = [
      histogram('store_persist', 'From the order to write to the write being durable.', persist),
      histogram('turn', 'One turn of the loop that drives the member.', turn),
    ];
    return [await this.#registry.metrics(), ...rest].join('\n');
  }
}

function histogram(name: string, help: string, snapshot: HistogramSnapshot): string {
  const full = `seedraft_${name}_duration_seconds`;
  const lines = [`# HELP ${full} ${help}`, `# TYPE ${full} histogram`];
  let below = 0;
  for (const [at, bound] of snapshot.boundsMilliseconds.entries()) {
    below += snapshot.counts[at] ?? 0;
    lines.push(`${full}_bucket{le="${bound / 1000}"} ${below}`);
  }
  lines.push(`${full}_bucket{le="+Inf"} ${snapshot.count}`);
  lines.push(`${full}_sum ${snapshot.sumMilliseconds / 1000}`, `${full}_count ${snapshot.count}`);
  return `${lines.join('\n')}\n`;
}

function raft(page: Page, raft: NodeMetrics['raft']): void {
  page.gauge('raft_member_id', 'The id of this member.', raft.id);
  page.gauge('raft_term', 'Its current term.', raft.term);
  page.gauge('raft_is_leader', '1 on the leader.', raft.isLeader);
  page.gauge('raft_leader_id', 'The leader it knows; 0: none.', raft.leader);
  page.gauge('raft_commit_index', 'Entries known to be committed.', raft.commitIndex);
  page.gauge('raft_applied_index', 'Entries applied to the state.', raft.appliedIndex);
  page.gauge('raft_last_index', 'The last entry of its log.', raft.lastIndex);
  page.gauge('raft_first_index', 'The first entry of its log that is still kept.', raft.firstIndex);
  page.gauge('raft_snapshot_index', 'What its snapshot covers.', raft.snapshotIndex);
  page.gauge('raft_snapshot_bytes', 'Size of its snapshot.', raft.snapshotBytes);
  page.gauge('raft_log_bytes', 'Entries in memory.', raft.logBytes);
  page.gauge('raft_uncommitted_bytes', 'Entries not yet committed.', raft.uncommittedBytes);
  page.gauge('raft_voters', 'Members with a vote.', raft.voters);
  page.gauge('raft_learners', 'Members without.', raft.learners);
  page.gauge(
    'raft_follower_lag_entries',
    'What the slowest follower lacks.',
    raft.followerLagEntries,
  );
  page.counter('raft_steps', 'Messages the core has handled.', raft.stepsTotal);
  page.counter('raft_commits', 'Entries committed since the start.', raft.commitsTotal);
  page.counter('raft_elections', 'Elections this member stood for.', raft.electionsTotal);
  page.counter(
    'raft_refused_peer_messages',
    'Messages of another incarnation.',
    raft.refusedPeerMessagesTotal,
  );
  page.counter('requests', 'Requests of clients.', raft.requestsTotal);
  page.gauge('requests_open', 'Requests not answered yet.', raft.openRequests);
  page.gauge('state_bytes', 'Size of the replicated state.', raft.stateBytes);
  page.gauge('cluster_time_seconds', 'Cluster time.', raft.clusterTimeMilliseconds / 1000);
}

function store(page: Page, { isDamaged, diskBytes }: NodeMetrics['store']): void {
  page.gauge('store_is_damaged', '1 while entries that were lost are being repaired.', isDamaged);
  page.gauge('store_disk_bytes', 'Size of the data directory.', diskBytes);
}

function transport(page: Page, metrics: NodeMetrics['transport']): void {
  const { peers, peerSockets, clientSockets } = metrics;
  const connected = peers.map(({ id, isConnected }) => [`${id}`, Number(isConnected)] as const);
  page.gauges('peer_is_connected', '1 while connected.', 'peer', connected);
  const waiting = peers.map(({ id, waitingBytes }) => [`${id}`, waitingBytes] as const);
  page.gauges('peer_queue_bytes', 'What waits to be sent.', 'peer', waiting);
  for (const [who, figures] of [
    ['peer', peerSockets],
    ['client', clientSockets],
  ] as const) {
    page.counter(`${who}_received_bytes`, `Bytes from ${who}s.`, figures.bytesReceived);
    page.counter(`${who}_sent_bytes`, `Bytes to ${who}s.`, figures.bytesSent);
    page.counter(`${who}_received_frames`, `Frames from ${who}s.`, figures.framesReceived);
    page.counter(`${who}_sent_frames`, `Frames to ${who}s.`, figures.framesSent);
  }
}

function processFigures(page: Page, figures: NodeMetrics['process']): void {
  page.gauge('process_uptime_seconds', 'Since the start.', figures.uptimeMilliseconds / 1000);
  page.gauge('process_resident_memory_bytes', 'Resident memory.', figures.residentBytes);
  page.gauge('process_heap_used_bytes', 'Heap in use.', figures.heapUsedBytes);
  page.gauge('process_external_memory_bytes', 'Memory outside of the heap.', figures.externalBytes);
  page.counter('process_cpu_user_seconds', 'CPU time, user.', figures.cpuUserMicroseconds / 1e6);
  page.counter(
    'process_cpu_system_seconds',
    'CPU time, system.',
    figures.cpuSystemMicroseconds / 1e6,
  );
  page.counter('turns', 'Turns of the loop that drives the member.', figures.turnsTotal);
}

function backupFigures(page: Page, figures: BackupFigures): void {
  const { lastSuccess, interval, bytes, duration, failuresTotal } = figures;
  page.gauge(
    'backup_last_success_timestamp_seconds',
    'When the newest whole backup was made, as far as this member knows: the leader does. 0: none.',
    lastSuccess / 1000,
  );
  page.gauge('backup_interval_seconds', 'How often there is to be one.', interval / 1000);
  page.gauge('backup_size_bytes', 'Size of the newest.', bytes);
  page.gauge('backup_duration_seconds', 'Of the last one made here.', duration / 1000);
  page.counter('backup_failures', 'Backups that failed here.', failuresTotal);
}
