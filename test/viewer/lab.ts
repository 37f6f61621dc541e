/** Bundled with a mutant, a laboratory that also records: what is drawn from it must be gone outside. */
export * from '@seedraft/sim';
export { shrinkRun } from 'seedraft';
export { recordRun } from '../../packages/seedraft/src/report/report-of.ts';
