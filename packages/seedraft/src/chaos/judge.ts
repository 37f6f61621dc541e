/**
 * From what was seen to a verdict; pure, so that a lie can be put to it in a test. A run passes only if everything was decided: a history that could not be
 * judged, or a cluster that did not come to rest, is never a pass.
 */
import { checkHistory, explain, type HistoryEvent, kv } from '@seedraft/check';
import { EXIT } from '../exit-codes.ts';
import type { Convergence } from './converge.ts';

export interface Evidence {
  readonly events: readonly HistoryEvent[];
  /** Keys written once, with the values that were acknowledged. */
  readonly acknowledged: ReadonlyMap<string, string>;
  /** What stood under those keys at the end; null: nobody could be asked. */
  readonly readBack: ReadonlyMap<string, unknown> | null;
  readonly convergence: Convergence;
  /** Members that ended by themselves, a sentence each. */
  readonly findings: readonly string[];
  /** Operations that were answered; 0 with clients that asked proves nothing. */
  readonly answered: number;
  readonly hasClients: boolean;
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

/** Of several things wrong the gravest is told: a wrong answer before no answer. */
export function judge(evidence: Evidence): Judgement {
  const model = kv();
  const search = checkHistory(evidence.events, model);
  const lost = lostWrites(evidence);
  const shared = {
    linearizable: search.verdict === 'unknown' ? null : search.verdict === 'ok',
    acknowledgedWrites: evidence.acknowledged.size,
    lostWrites: lost.length,
  };
  const violation = (sentence: string): Judgement => ({
    ...shared,
    verdict: 'violation',
    exit: EXIT.safety,
    sentence,
  });
  if (search.verdict === 'illegal') return violation(explain(search, model));
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
  if (search.verdict === 'unknown') {
    const sentence = explain(search, model);
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

function whyNotLive({ convergence, readBack, answered, hasClients }: Evidence): string | null {
  if (!convergence.converged) return convergence.sentence;
  if (readBack === null) return 'nobody could be asked for what was written';
  return hasClients && answered === 0 ? 'no operation was answered' : null;
}
