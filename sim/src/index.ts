export type * from './disk/disk.ts';
export * from './observer.ts';
export type * from './plan.ts';
