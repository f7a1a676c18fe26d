// The door of `store`.
export { type OpenStoreOptions, openStore } from './open.ts';
export { StoreError, type StoreFault } from './errors.ts';
export { acquireLease, holdsLease, type Lease, releaseLease } from './lease.ts';
export { emitEvent, type StoredEvent } from './outbox.ts';
export { type FileLock, lockFile } from './lock.ts';
export { type OutboxRelayOptions, type OutboxSubscriber, outboxRelay } from './relay.ts';
export { storeMigrations } from './schema.ts';
export { type Sql, type SqlValue, sql, sqlAnd, sqlList } from './sql.ts';
export {
  ConflictError,
  type Migration,
  type OutboxEvent,
  type Row,
  type Step,
  type StepResult,
  type Store,
  type Update,
  type View,
} from './types.ts';
export { watchWrites } from './watch.ts';
