// Which images this agent pulled, in one file: what may be removed again, and what the pull behaviour `once` need not ask for.
import { join } from 'node:path';
import { type Disk, readIfThere, writeDurably } from '@longshore/base';
import { z } from 'zod';

const entrySchema = z.object({
  /** Not here before this agent pulled it: nobody else's, and removed when nobody uses it. */
  own: z.boolean(),
  /** Milliseconds since the epoch. */
  usedAt: z.number(),
});

type Entry = Readonly<z.infer<typeof entrySchema>>;

const fileSchema = z.object({ images: z.record(z.string(), entrySchema) });
const maxBytes = 8 * 1024 * 1024;
const most = 10_000;

export interface PulledImages {
  has(image: string): boolean;
  /** Notes a pull; `wasHere` if the machine had an image of that name before. */
  note(image: string, wasHere: boolean): Promise<void>;
  /** Images that may be removed: this agent's own, not among `inUse`, and unused since `before`. Those in use are used now. */
  idle(inUse: ReadonlySet<string>, before: number): readonly string[];
  forget(image: string): Promise<void>;
}

/** A file that is not understood counts as empty: then nothing is removed that was pulled before. */
export async function openPulledImages(dataDir: string, disk: Disk, now: () => number): Promise<PulledImages> {
  const path = join(dataDir, 'images.json');
  const text = await readIfThere(path, maxBytes, disk).catch(() => undefined);
  const images = new Map<string, Entry>(Object.entries(parse(text)));
  let tail: Promise<void> = Promise.resolve();

  function save(): Promise<void> {
    const content = JSON.stringify({ images: Object.fromEntries(images) });
    tail = tail.catch(() => undefined).then(() => writeDurably(path, content, disk));
    return tail;
  }

  return {
    has: (image) => images.has(image),
    async note(image, wasHere) {
      const own = images.get(image)?.own ?? !wasHere;
      const isNews = !images.has(image);
      images.set(image, { own, usedAt: now() });
      const [oldest] = images.keys();
      if (images.size > most && oldest !== undefined) images.delete(oldest);
      if (isNews) await save();
    },
    idle(inUse, before) {
      for (const image of inUse) {
        const entry = images.get(image);
        if (entry) images.set(image, { ...entry, usedAt: now() });
      }
      return [...images].filter(([, entry]) => entry.own && entry.usedAt <= before).map(([image]) => image);
    },
    async forget(image) {
      if (images.delete(image)) await save();
    },
  };
}

function parse(text: string | undefined): Readonly<Record<string, Entry>> {
  if (text === undefined) return {};
  try {
    return fileSchema.parse(JSON.parse(text)).images;
  } catch {
    return {};
  }
}
