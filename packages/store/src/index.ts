export { assertStore, StoreInvariantError } from './invariant.ts';
