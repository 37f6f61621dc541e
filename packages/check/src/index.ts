/** Histories to verdicts: linearizability with models. No Raft inside; usable on any history. */
export { canonical } from './canonical.ts';
export type {
  HistoryEvent,
  Linearized,
  Model,
  Operation,
  Phase,
  Verdict,
  Witness,
} from './history.ts';
export {
  type CheckOptions,
  checkHistory,
  checkLinearizability,
} from './linearizability.ts';
export {
  type Box,
  type Definition,
  defineModel,
  type OperationRule,
  type Outcome,
} from './models/define.ts';
export { expiringKv } from './models/expiry.ts';
export { kv, namespacedKv } from './models/kv.ts';
export { casRegister, register } from './models/register.ts';
export {
  placeAnew,
  type RingMoves,
  type RingNodes,
  type RingState,
  ring,
} from './models/ring.ts';
export { sketches } from './models/sketches.ts';
export { type HistoryError, type HistoryErrorCode, type Paired, pairHistory } from './pairing.ts';
export type { StrategyName } from './search/search.ts';
export { readEdn } from './text/edn.ts';
export {
  guessFormat,
  type HistoryFormat,
  type ParsedHistory,
  type ParsedOperations,
  parseHistory,
  parseOperations,
  printHistory,
} from './text/history.ts';
export { type Node as TextNode, type Place, plain, type ReadResult } from './text/node.ts';
export { describe, explain, isPass, settle } from './verdict.ts';
export { checkWitness, type WitnessVerdict } from './witness.ts';
