// What was written since when, by table: how `Store.revision` knows that what was read before still holds.
import { lru } from '../lru.ts';
import type { Step } from '../types.ts';

export interface Revisions {
  /** Counts the tables of `steps` as written, and as being written until what it returns is called. */
  begin(steps: readonly Step[]): () => void;
  /** As `Store.revision`. */
  of(tables: readonly string[] | undefined): number | undefined;
}

interface Written {
  times: number;
  underWay: number;
}

const changing = /^\s*(?:INSERT\s+(?:OR\s+\w+\s+)?INTO|UPDATE|DELETE\s+FROM)\s+(\w+)\b(?!\.)/i;
/** Stands for every table: statements that do not begin with the table they change. */
const everything = '*';

/** The table that the statement changes, else `everything`. */
export function changedTable(text: string): string {
  return changing.exec(text)?.[1]?.toLowerCase() ?? everything;
}

export function createRevisions(): Revisions {
  const all: Written = { times: 0, underWay: 0 };
  const unknown: Written = { times: 0, underWay: 0 };
  const byTable = new Map<string, Written>([[everything, unknown]]);
  const known = lru<string>(1_000);

  function written(table: string): Written {
    let found = byTable.get(table);
    if (found === undefined) {
      found = { times: 0, underWay: 0 };
      byTable.set(table, found);
    }
    return found;
  }

  return {
    begin(steps) {
      const touched = [all, ...new Set(steps.map((step) => written(known.get(step.sql.text, changedTable))))];
      for (const each of touched) each.underWay += 1;
      return () => {
        for (const each of touched) {
          each.underWay -= 1;
          each.times += 1;
        }
      };
    },
    of(tables) {
      if (tables === undefined) return all.underWay > 0 ? undefined : all.times;
      if (unknown.underWay > 0) return undefined;
      // Each of them only grows: their sum is the same while none of them has grown.
      let times = unknown.times;
      for (const table of tables) {
        const found = byTable.get(table);
        if (found === undefined) continue;
        if (found.underWay > 0) return undefined;
        times += found.times;
      }
      return times;
    },
  };
}
