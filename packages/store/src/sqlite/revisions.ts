// What was written since when, by table and by the thing that the rows are of: how `Store.revision` knows that what was read
// before still holds.
import { lru } from '../lru.ts';
import type { Step } from '../types.ts';

export interface Revisions {
  /** Counts the tables of `steps` as written, and as being written until what it returns is called. */
  begin(steps: readonly Step[]): () => void;
  /** As `Store.revision`. */
  of(tables: readonly string[] | undefined, within?: readonly string[]): number | undefined;
}

interface Written {
  /** The number of the last write that has ended. */
  last: number;
  underWay: number;
}

interface Table {
  /** Whatever is written to it. */
  readonly any: Written;
  /** Steps that do not say what their rows are of. */
  readonly loose: Written;
  readonly things: Map<string, Written>;
}

/** Of one table. Beyond it those that are not being written are forgotten: as if all of the table had been written. */
const mostThings = 10_000;

const changing = /^\s*(?:INSERT\s+(?:OR\s+\w+\s+)?INTO|UPDATE|DELETE\s+FROM)\s+(\w+)\b(?!\.)/i;
/** Stands for every table: statements that do not begin with the table they change. */
const everything = '*';

/** The table that the statement changes, else `everything`. */
export function changedTable(text: string): string {
  return changing.exec(text)?.[1]?.toLowerCase() ?? everything;
}

const unwritten = (): Written => ({ last: 0, underWay: 0 });

/** The later of two writes; undefined while one is under way. */
function later(last: number | undefined, written: Written | undefined): number | undefined {
  if (last === undefined || written === undefined) return last;
  return written.underWay > 0 ? undefined : Math.max(last, written.last);
}

export function createRevisions(): Revisions {
  const all = unwritten();
  const byTable = new Map<string, Table>();
  const known = lru<string>(1_000);
  let writes = 0;

  function tableOf(name: string): Table {
    let found = byTable.get(name);
    if (found === undefined) {
      found = { any: unwritten(), loose: unwritten(), things: new Map() };
      byTable.set(name, found);
    }
    return found;
  }

  const unknown = tableOf(everything).any;

  function forgetThings({ loose, things }: Table): void {
    for (const [thing, { underWay }] of things) if (underWay === 0) things.delete(thing);
    writes += 1;
    loose.last = writes;
  }

  function thingOf(table: Table, thing: string): Written {
    let found = table.things.get(thing);
    if (found === undefined) {
      if (table.things.size >= mostThings) forgetThings(table);
      found = unwritten();
      table.things.set(thing, found);
    }
    return found;
  }

  return {
    begin(steps) {
      const touched = new Set<Written>();
      // At once, since a further thing may make the table forget those that are not being written.
      const touch = (written: Written) => {
        if (!touched.has(written)) written.underWay += 1;
        touched.add(written);
      };
      touch(all);
      for (const { sql, within } of steps) {
        const table = tableOf(known.get(sql.text, changedTable));
        touch(table.any);
        touch(within === undefined ? table.loose : thingOf(table, within));
      }
      return () => {
        writes += 1;
        for (const each of touched) {
          each.underWay -= 1;
          each.last = writes;
        }
      };
    },
    of(tables, within) {
      if (tables === undefined) return later(0, all);
      // Each write has a higher number than those before it: the last one is the same while there was none.
      let last = later(0, unknown);
      for (const name of tables) {
        const table = byTable.get(name);
        if (table === undefined) continue;
        last = later(last, within === undefined ? table.any : table.loose);
        for (const thing of within ?? []) last = later(last, table.things.get(thing));
      }
      return last;
    },
  };
}
