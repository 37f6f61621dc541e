/** Bundled with a mutant, a whole laboratory in which it lives: what is found and shrunk there must be gone outside. */
export * from '@seedraft/sim';
export { shrinkRun } from 'seedraft';
