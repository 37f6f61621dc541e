export type { Batching } from './batching.ts';
export {
  type Answered,
  type Ask,
  Call,
  type Failure,
  type FailureCode,
  type LocalCode,
  type Outcome,
} from './call.ts';
export type { Patience } from './connection.ts';
export { Engine, type EngineOptions } from './engine.ts';
export type { Backoff } from './links.ts';
export type { Port } from './port.ts';
export { verdictOn } from './verdict.ts';
