export * from './command.ts';
export { KvMachine, type KvOptions } from './machine.ts';
