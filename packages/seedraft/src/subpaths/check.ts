export * from '@seedraft/check';
