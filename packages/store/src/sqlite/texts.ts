// Statements travel to the writer thread by number, their texts only once: a few hundred texts are written again and again.

/** What the writer must know before it reads the batches of a message. */
export interface TextNews {
  readonly texts: readonly (readonly [number: number, text: string])[];
  /** Lower numbers are in no later message. */
  readonly from: number;
}

export interface TextNumbers {
  of(text: string): number;
  /** What was numbered since the last call: goes with the next message. */
  news(): TextNews;
}

/** Numbers up to `limit` texts, then forgets all of them and goes on. */
export function numberTexts(limit: number): TextNumbers {
  const numbers = new Map<string, number>();
  let fresh: (readonly [number, string])[] = [];
  let next = 0;
  let from = 0;
  return {
    of(text) {
      const known = numbers.get(text);
      if (known !== undefined) return known;
      if (numbers.size >= limit) {
        numbers.clear();
        from = next;
      }
      numbers.set(text, next);
      fresh.push([next, text]);
      return next++;
    },
    news() {
      const texts = fresh;
      fresh = [];
      return { texts, from };
    },
  };
}

/** The other side: what was numbered, in the order of the messages. */
export interface KnownTexts {
  learn(news: TextNews): void;
  text(number: number): string;
  /** After a message's batches were read. */
  forget(news: TextNews): void;
  readonly size: number;
}

export function knownTexts(): KnownTexts {
  const texts = new Map<number, string>();
  return {
    learn(news) {
      for (const [number, text] of news.texts) texts.set(number, text);
    },
    text(number) {
      const text = texts.get(number);
      if (text === undefined) throw new RangeError(`Statement ${number} was never told.`);
      return text;
    },
    forget({ from }) {
      // In ascending order, as they were numbered.
      for (const number of texts.keys()) {
        if (number >= from) return;
        texts.delete(number);
      }
    },
    get size() {
      return texts.size;
    },
  };
}
