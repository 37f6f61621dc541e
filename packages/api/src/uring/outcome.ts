/** What a command of uring's comes to, before REST or WebSocket give it their form: the codes are HTTP's in both. */
import { jsonOf } from '../json-out.ts';
import type { Reason } from '../reason.ts';

export interface Outcome {
  readonly code: number;
  /** JSON. */
  readonly data: unknown;
}

export function outcome(code: number, data: unknown): Outcome {
  return { code, data: jsonOf(data) };
}

export function failed({ code, sentence, isDefinite }: Reason): Outcome {
  // 504: whoever asked for a write must read before asking again.
  return { code: isDefinite ? 503 : 504, data: { error: sentence, code } };
}

export function bad(sentence: string, code = 'BAD_REQUEST', status = 400): Outcome {
  return { code: status, data: { error: sentence, code } };
}
