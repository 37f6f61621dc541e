/**
 * From what was seen to a verdict; pure, so that a lie can be put to it in a test. A run passes only if everything was decided: a history that could not be
 * judged, or a cluster that did not come to rest, is never a pass.
 */
import { checkHistory, explain, type HistoryEvent, kv, type Model, ring } from '@seedraft/check';
import { EXIT } from '../exit-codes.ts';
import type { Convergence } from './converge.ts';

export interface Evidence {
  readonly events: readonly HistoryEvent[];
  /** Keys written once, with the values that were acknowledged. */
  readonly acknowledged: ReadonlyMap<string, string>;
  /** What stood under those keys at the end; null: nobody could be asked. */
  readonly readBack: ReadonlyMap<string, unknown> | null;
  readonly convergence: Convergence;
  /** Members that ended by themselves, answers that no protocol has: a sentence each. */
  readonly findings: readonly string[];
  /** By protocol, how many operations were answered; 0 with clients that asked proves nothing. */
  readonly answered: ReadonlyMap<string, number>;
  readonly isInterrupted: boolean;
}

export interface Judgement {
  readonly verdict: 'pass' | 'violation' | 'liveness' | 'inconclusive' | 'interrupted';
  readonly exit: number;
  /** Null: it passed. */
  readonly sentence: string | null;
  /** Null: not decided. */
  readonly linearizable: boolean | null;
  readonly acknowledgedWrites: number;
  readonly lostWrites: number;
}

const LOST_SHOWN = 5;

/** What is asked of the ring; the rest is of the store. The two are judged apart: a history is linearizable if that of each object is. */
const OF_THE_RING: ReadonlySet<string> = new Set(['size', 'add', 'remove', 'nodes']);

export function histories(events: readonly HistoryEvent[]): {
  readonly store: readonly HistoryEvent[];
  readonly ring: readonly HistoryEvent[];
} {
  const isOfRing = ({ f }: HistoryEvent): boolean => OF_THE_RING.has(f);
  return { store: events.filter((event) => !isOfRing(event)), ring: events.filter(isOfRing) };
}

interface Searched {
  readonly verdict: 'ok' | 'illegal' | 'unknown';
  readonly explained: string;
}

/** Illegal before undecided before legal. */
function search(events: readonly HistoryEvent[]): Searched {
  const parts = histories(events);
  const all = [searchOne(parts.store, kv()), searchOne(parts.ring, ring())];
  const graver = (verdict: Searched['verdict']) => all.find((one) => one.verdict === verdict);
  return graver('illegal') ?? graver('unknown') ?? all[0]!;
}

function searchOne<S>(events: readonly HistoryEvent[], model: Model<S>): Searched {
  const found = checkHistory(events, model);
  return { verdict: found.verdict, explained: explain(found, model) };
}

/** Of several things wrong the gravest is told: a wrong answer before no answer. */
export function judge(evidence: Evidence): Judgement {
  const searched = search(evidence.events);
  const lost = lostWrites(evidence);
  const shared = {
    linearizable: searched.verdict === 'unknown' ? null : searched.verdict === 'ok',
    acknowledgedWrites: evidence.acknowledged.size,
    lostWrites: lost.length,
  };
  const violation = (sentence: string): Judgement => ({
    ...shared,
    verdict: 'violation',
    exit: EXIT.safety,
    sentence,
  });
  if (searched.verdict === 'illegal') return violation(searched.explained);
  if (lost.length > 0) {
    const shown = lost.slice(0, LOST_SHOWN).join('; ');
    return violation(`${lost.length} acknowledged writes are lost: ${shown}`);
  }
  if (evidence.convergence.isDiverged) return violation(evidence.convergence.sentence);
  if (evidence.findings.length > 0) return violation(evidence.findings.join('\n'));
  if (evidence.isInterrupted) {
    const sentence = 'interrupted: what was seen until then is legal';
    return { ...shared, verdict: 'interrupted', exit: EXIT.interrupted, sentence };
  }
  const stuck = whyNotLive(evidence);
  if (stuck !== null) {
    return { ...shared, verdict: 'liveness', exit: EXIT.liveness, sentence: stuck };
  }
  if (searched.verdict === 'unknown') {
    const sentence = searched.explained;
    return { ...shared, verdict: 'inconclusive', exit: EXIT.inconclusive, sentence };
  }
  return { ...shared, verdict: 'pass', exit: EXIT.pass, sentence: null };
}

function lostWrites({ acknowledged, readBack }: Evidence): string[] {
  if (readBack === null) return [];
  const lost: string[] = [];
  for (const [key, value] of acknowledged) {
    const found = readBack.get(key);
    if (found !== value) lost.push(`${key} was ${value}, and is ${JSON.stringify(found ?? null)}`);
  }
  return lost;
}

function whyNotLive({ convergence, readBack, answered }: Evidence): string | null {
  if (!convergence.converged) return convergence.sentence;
  if (readBack === null) return 'nobody could be asked for what was written';
  const silent = [...answered].filter(([, count]) => count === 0).map(([api]) => api);
  return silent.length > 0 ? `no operation was answered through ${silent.join(', ')}` : null;
}
