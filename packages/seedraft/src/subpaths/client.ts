export * from '@seedraft/client';
