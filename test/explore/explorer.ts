/** Bundled with a bug in it, what explores. Not by the simulator's front door: it is built once for every bug, and needs little of it. */
export { type Bounds, DEFAULT_BOUNDS } from '../../sim/src/explore/bounds.ts';
export { explainCounterexample } from '../../sim/src/explore/counterexample.ts';
export { Exploration } from '../../sim/src/explore/exploration.ts';
export { formatStep } from '../../sim/src/schedule/step.ts';
