// Numbered statements mean the same on both sides, however many there are.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { knownTexts, numberTexts } from './texts.ts';

it('every number is the text that was numbered, and neither side keeps more than two rounds of texts', () => {
  const message = fc.array(fc.integer({ min: 0, max: 30 }).map(String), { maxLength: 12 });
  fc.assert(
    fc.property(fc.array(message), fc.integer({ min: 1, max: 8 }), (messages, limit) => {
      const numbers = numberTexts(limit);
      const known = knownTexts();
      for (const texts of messages) {
        const sent = texts.map((text) => numbers.of(text));
        const news = numbers.news();
        known.learn(news);
        expect(sent.map((number) => known.text(number))).toEqual(texts);
        known.forget(news);
        expect(known.size).toBeLessThanOrEqual(limit);
      }
    }),
  );
});

it('a text is told once', () => {
  const numbers = numberTexts(10);
  numbers.of('SELECT 1');
  expect(numbers.news().texts).toEqual([[0, 'SELECT 1']]);
  numbers.of('SELECT 1');
  expect(numbers.news().texts).toEqual([]);
});
