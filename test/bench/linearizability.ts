/** The black-box search on 50,000 operations of 10 clients on one register, made here with a fixed generator. */
import { checkLinearizability, type Operation, registerModel } from '@seedraft/check';
import { Stream } from '@seedraft/sim';

export interface CheckFigures {
  readonly operations: number;
  readonly seconds: number;
  readonly steps: number;
  /** Growth of the process while judging, in MB. */
  readonly megabytes: number;
  readonly verdict: string;
}
