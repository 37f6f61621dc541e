export * from './builders.ts';
export type * from './command.ts';
export { KvMachine, type KvOptions } from './machine.ts';
export type * from './result.ts';
