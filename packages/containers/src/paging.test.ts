// Paging: whatever the sizes of pages, a listing gives each item once, in order; a token belongs to its query.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cutPage, readPage } from './paging.ts';

const sortedKeys = fc
  .uniqueArray(fc.string({ minLength: 1, maxLength: 12 }), { maxLength: 60 })
  .map((keys) => keys.sort());

test('the pages of a listing are the listing', () => {
  fc.assert(
    fc.property(
      sortedKeys,
      fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 60, maxLength: 60 }),
      (all, sizes) => {
        const seen: string[] = [];
        let nextToken: string | undefined;
        for (const maxResults of sizes) {
          const page = readPage({ maxResults, nextToken }, ['ListThings', 'a']);
          const rest = all.filter((key) => key > page.after).slice(0, page.limit + 1);
          const { items, next } = cutPage(page, rest, (key) => key);
          expect(items.length).toBeLessThanOrEqual(maxResults);
          seen.push(...items);
          nextToken = next;
          if (next === undefined) break;
        }
        expect(seen).toEqual(all);
      },
    ),
  );
});

test('a token is refused by another query, and so is what is no token', () => {
  const { next } = cutPage(readPage({ maxResults: 1 }, ['ListThings', 'a']), ['x', 'y'], (key) => key);
  expect(readPage({ nextToken: next }, ['ListThings', 'a']).after).toBe('x');
  expect(() => readPage({ nextToken: next }, ['ListThings', 'b'])).toThrow(/nextToken/);
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 3000 }), (nextToken) => {
      expect(() => readPage({ nextToken }, ['ListThings', 'a'])).toThrow(/nextToken/);
    }),
  );
});

test.each([0, 101, -1, 1.5, Number.NaN])('a page of %s is refused', (maxResults) => {
  expect(() => readPage({ maxResults }, [])).toThrow(/between 1 and 100/);
});
