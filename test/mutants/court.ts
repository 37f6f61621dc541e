/** Bundled with a bug in it, what judges histories: the checker, and the simulator's last rule over it. */
export * from '@seedraft/check';
export { judgeHistory } from '@seedraft/sim';
