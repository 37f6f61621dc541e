export * from '@seedraft/sim';
