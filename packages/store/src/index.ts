// The door of `store`.
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
