// A statement as `pg` takes it: parameters numbered, checked, and without prepared names (their number has no bound).
import { statementShape, type StatementShape } from '../dialect.ts';
import { type Lru, lru } from '../lru.ts';
import { checkParams } from '../params.ts';
import type { Sql, SqlValue } from '../sql.ts';

export interface Statement {
  readonly text: string;
  readonly values: SqlValue[];
}

// A cache of a pure function: what it holds changes nothing but speed.
const shapes: Lru<StatementShape> = lru(1000);

/** Throws TypeError for parameters that cannot be stored exactly. */
export function statementOf(query: Sql): Statement {
  const shape = shapes.get(query.text, statementShape);
  checkParams(query.text, query.params, shape.params);
  return { text: shape.numbered, values: [...query.params] };
}
