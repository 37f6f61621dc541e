export * from './builders.ts';
export * from './command.ts';
export { KvMachine, type KvOptions } from './machine.ts';
export type * from './result.ts';
export { smallWriteBytes } from './small-write.ts';
