/** Bundled with a bug in it, what judges histories: the checker, and the simulator's last rule over it. */
export * from '@seedraft/check';
// Not by the simulator's front door: this is built once for every bug, and needs little of it.
export { judgeHistory } from '../../sim/src/properties/history.ts';
