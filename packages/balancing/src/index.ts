// The door of `balancing`.
export { type Balancing, type BalancingOptions, createBalancing } from './create.ts';
export { balancingMigrations } from './schema.ts';
export type { TaskBalancing } from './tasks.ts';
