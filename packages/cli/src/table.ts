// Tables for a terminal: columns as wide as their cells, cut with … where the terminal is too narrow.
import { printable } from './printable.ts';

export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string;
  /** Numbers stand at the right. */
  readonly right?: boolean;
  /** May be cut down to this many characters; left out = never cut. */
  readonly min?: number;
}

const gap = '  ';

/**
 * A heading line and one line a row, each ended by a newline. `width` is the terminal's; undefined = as wide as it gets
 * (for pipes and files). Columns with a `min` are cut, the widest first; where that is not enough, the lines are.
 */
export function formatTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width: number | undefined,
): string {
  const lines = [
    columns.map((column) => column.title),
    ...rows.map((row) => columns.map((column) => printable(column.value(row)))),
  ].map((line) => line.map((cell) => Array.from(cell)));
  const natural = columns.map((_, index) => Math.max(...lines.map((line) => line[index]?.length ?? 0)));
  const widths = width === undefined ? natural : fitWidths(natural, columns, width);
  return lines.map((line) => `${cutLine(formatLine(line, widths, columns), width)}\n`).join('');
}

function fitWidths(natural: readonly number[], columns: readonly Column<never>[], width: number): readonly number[] {
  const widths = [...natural];
  let excess = widths.reduce((sum, each) => sum + each, 0) + gap.length * (widths.length - 1) - width;
  while (excess > 0) {
    let widest = -1;
    for (const [index, column] of columns.entries()) {
      const each = widths[index] ?? 0;
      if (column.min !== undefined && each > column.min && (widest < 0 || each > (widths[widest] ?? 0))) widest = index;
    }
    if (widest < 0) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
    excess--;
  }
  return widths;
}

function formatLine(cells: readonly string[][], widths: readonly number[], columns: readonly Column<never>[]): string {
  const padded = cells.map((cell, index) => {
    const width = widths[index] ?? 0;
    const text = cell.length > width ? `${cell.slice(0, Math.max(0, width - 1)).join('')}…` : cell.join('');
    const padding = ' '.repeat(Math.max(0, width - Math.min(cell.length, width)));
    return columns[index]?.right ? padding + text : text + padding;
  });
  return padded.join(gap).trimEnd();
}

function cutLine(line: string, width: number | undefined): string {
  const characters = Array.from(line);
  if (width === undefined || characters.length <= width) return line;
  return `${characters.slice(0, Math.max(0, width - 1)).join('')}…`;
}
