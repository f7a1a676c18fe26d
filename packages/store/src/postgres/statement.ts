// A statement as `pg` takes it: parameters numbered and checked, no prepared names (their number has no bound).
import { type StatementShape, statementShape } from '../dialect.ts';
import { type Lru, lru } from '../lru.ts';
import { checkParams } from '../params.ts';
import type { Sql, SqlValue } from '../sql.ts';

export interface Statement {
  readonly text: string;
  readonly values: SqlValue[];
}

/** Turns `Sql` into a `Statement`; throws TypeError for parameters that cannot be stored exactly. */
export type Translate = (query: Sql) => Statement;

/** A translator that remembers the texts it has seen lately. */
export function statementTranslator(): Translate {
  const shapes: Lru<StatementShape> = lru(1000);
  return (query) => {
    const shape = shapes.get(query.text, statementShape);
    checkParams(query.text, query.params, shape.params);
    return { text: shape.numbered, values: [...query.params] };
  };
}
