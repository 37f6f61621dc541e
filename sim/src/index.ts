export * from './choices.ts';
export { Clock } from './clock.ts';
export type * from './disk/disk.ts';
export { createObjectDisk } from './disk/object.ts';
export { sampleLatency } from './latency.ts';
export * from './observer.ts';
export type * from './plan.ts';
export { EventQueue } from './queue.ts';
export { expandSeed, Randomness, type Root, STREAM_VERSION, Stream, scale } from './random.ts';
