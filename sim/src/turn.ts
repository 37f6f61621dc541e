/**
 * A turn, as the real node takes it (packages/node/src/driver.ts, `Driver.turn`): what came while it was elsewhere is carried out in one go.
 * First the disk's completions and then peers' messages, each a step of its own whose effects leave before the next begins; then all
 * requests as one call (`Replica.requestAll`), so that their commands share one entry list, one write and one message to each follower;
 * at last the tick, if one is due. Kept: within a kind, what came first goes first.
 */
import { EventKind } from './choices.ts';

/** An input that has come to a member and waits. */
export interface Waiting {
  readonly kind: number;
  readonly a: number;
  readonly ordinal: number;
  readonly item: unknown;
}

/** Of those who ask a member and wait for its answer. */
export function isRequest(kind: number): boolean {
  return kind === EventKind.ClientRequest || kind === EventKind.Operator;
}

function rankOf(kind: number): number {
  if (kind === EventKind.Tick) return 3;
  if (isRequest(kind)) return 2;
  const isMessage =
    kind === EventKind.Deliver || kind === EventKind.Campaign || kind === EventKind.PeerDown;
  return isMessage ? 1 : 0;
}

/** Brings inputs into a turn's order, in place, and tells which enter together: one alone, or all requests. */
export function stepsOfTurn(inputs: (Waiting | null)[]): (readonly Waiting[])[] {
  const sorted = inputs as Waiting[];
  sorted.sort((left, right) => rankOf(left.kind) - rankOf(right.kind));
  const steps: Waiting[][] = [];
  for (const input of sorted) {
    const last = steps.at(-1);
    if (isRequest(input.kind) && last !== undefined && isRequest((last[0] as Waiting).kind)) {
      last.push(input);
    } else steps.push([input]);
  }
  return steps;
}
