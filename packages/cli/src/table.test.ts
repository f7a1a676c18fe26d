import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Column, formatTable } from './table.ts';

interface Row {
  readonly name: string;
  readonly size: string;
}

const columns: readonly Column<Row>[] = [
  { title: 'NAME', value: (row) => row.name, min: 5 },
  { title: 'SIZE', value: (row) => row.size, right: true },
];

describe('a table', () => {
  it('is as wide as its cells where there is no terminal', () => {
    const rows = [
      { name: 'a', size: '1 B' },
      { name: 'a-rather-long-name', size: '12 MiB' },
    ];
    expect(formatTable(columns, rows, undefined)).toBe(
      'NAME                  SIZE\na                      1 B\na-rather-long-name  12 MiB\n',
    );
  });

  it('cuts the columns that may be cut, with an ellipsis', () => {
    const rows = [{ name: 'a-rather-long-name', size: '12 MiB' }];
    expect(formatTable(columns, rows, 16)).toBe('NAME        SIZE\na-rathe…  12 MiB\n');
  });

  it('keeps control characters from the terminal', () => {
    const table = formatTable(columns, [{ name: 'a\u001b[2Jb\n', size: '' }], undefined);
    expect(table).toBe('NAME     SIZE\na\ufffd[2Jb\ufffd\n');
  });

  it('never exceeds the width and never loses a row', () => {
    const cell = fc.string({ maxLength: 40 });
    fc.assert(
      fc.property(
        fc.array(fc.record({ name: cell, size: fc.constantFrom('', '1 B', '1023 MiB') }), { maxLength: 6 }),
        fc.integer({ min: 1, max: 80 }),
        (rows, width) => {
          const lines = formatTable(columns, rows, width).split('\n').slice(0, -1);
          expect(lines).toHaveLength(rows.length + 1);
          for (const line of lines) expect(Array.from(line).length).toBeLessThanOrEqual(width);
        },
      ),
    );
  });
});
