// SQL as tagged text: sql`SELECT … WHERE id = ${id}` keeps text and parameters apart, so nothing is ever spliced.
// One text serves both back ends: parameters are `?`, which the PostgreSQL back end numbers.

export type SqlValue = string | number | null | Uint8Array;

export interface Sql {
  /** With `?` for each parameter. */
  readonly text: string;
  readonly params: readonly SqlValue[];
}

function isSql(value: SqlValue | Sql): value is Sql {
  return typeof value === 'object' && value !== null && 'text' in value && 'params' in value;
}

/** Builds a statement; an embedded `Sql` is spliced with its parameters. */
export function sql(strings: TemplateStringsArray, ...values: readonly (SqlValue | Sql)[]): Sql {
  let text = strings[0] ?? '';
  const params: SqlValue[] = [];
  values.forEach((value, i) => {
    if (isSql(value)) {
      text += value.text;
      params.push(...value.params);
    } else {
      text += '?';
      params.push(value);
    }
    text += strings[i + 1] ?? '';
  });
  return { text, params };
}

/** `a, b, c` of values or fragments, for IN lists, column lists and VALUES. */
export function sqlList(values: readonly (SqlValue | Sql)[], separator = ', '): Sql {
  const parts = values.map((value) => (isSql(value) ? value : { text: '?', params: [value] }));
  return { text: parts.map((p) => p.text).join(separator), params: parts.flatMap((p) => p.params) };
}

/** Joins conditions with AND; no condition is TRUE. */
export function sqlAnd(conditions: readonly Sql[]): Sql {
  return conditions.length === 0 ? { text: '1 = 1', params: [] } : sqlList(conditions, ' AND ');
}
