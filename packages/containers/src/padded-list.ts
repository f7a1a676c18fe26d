// A list in a statement, of few different lengths: the statement is prepared once for each length.
import { type Sql, sqlList } from '@longshore/store';

/** The values (at least one), the last of them repeated up to a power of two. */
export function paddedList(values: readonly string[]): Sql {
  const length = 2 ** Math.ceil(Math.log2(values.length));
  const last = values.at(-1) ?? '';
  return sqlList([...values, ...Array.from({ length: length - values.length }, () => last)]);
}
