/** The room under test. */
export * from '../../packages/node/src/index.ts';
