// What is kept between writes: never older than the last write to it, bounded, each caller's own, and nothing where the store
// cannot tell.
import { describe, expect, it } from 'vitest';
import { createImageMemory } from './image-memory.ts';
import { parseReference, type RepositoryName, type RepositoryRef, resolvePathName } from './names.ts';
import type { FoundManifest } from './reading.ts';
import { createRevisionMemory } from './revision-memory.ts';
import type { AccountId, Digest } from '@longshore/base';

const account = '123456789012' as AccountId;
const ref: RepositoryRef = resolvePathName('app', account) ?? { account, name: 'app' as RepositoryName };
const latest = parseReference('latest') ?? expect.fail('not a reference');

function manifest(bytes: Uint8Array): FoundManifest {
  const repository = { ...ref, id: 'r' } as unknown as NonNullable<FoundManifest['repository']>;
  const digest = `sha256:${'a'.repeat(64)}` as Digest;
  return { repository, manifest: { digest, mediaType: 'application/json', size: bytes.length, bytes } };
}

function world(first: number | undefined) {
  const state = { revision: first, reads: 0, found: manifest(Buffer.from('{"é":1}')) };
  const memory = createImageMemory({ revision: () => state.revision });
  const read = () => {
    state.reads += 1;
    return Promise.resolve(state.found);
  };
  return {
    state,
    find: (part: 'head' | 'whole' = 'whole', who = 'arn:a') => memory.manifest(who, ref, latest, part, read),
  };
}

describe('manifests kept between writes', () => {
  it('are read once until something is written', async () => {
    const { state, find } = world(1);
    await find();
    const again = await find();
    expect(state.reads).toBe(1);
    expect(Buffer.from(again.manifest?.text ?? '', 'latin1')).toEqual(Buffer.from('{"é":1}'));
    state.revision = 2;
    state.found = manifest(Buffer.from('{}'));
    expect((await find()).manifest?.size).toBe(2);
    expect(state.reads).toBe(2);
  });

  it('serve a HEAD from the whole, but not the whole from a HEAD', async () => {
    const { state, find } = world(1);
    await find('head');
    await find('head');
    expect(state.reads).toBe(1);
    await find('whole');
    await find('head');
    expect(state.reads).toBe(2);
  });

  it('are not kept while a write is under way, or when one came during the read', async () => {
    const { state, find } = world(undefined);
    await find();
    await find();
    expect(state.reads).toBe(2);
    state.revision = 5;
    const slow = find();
    state.revision = 6;
    await slow;
    await find();
    expect(state.reads).toBe(4);
  });

  it('are not kept when they are large', async () => {
    const { state, find } = world(1);
    state.found = manifest(Buffer.alloc(65 * 1024));
    await find();
    await find();
    expect(state.reads).toBe(2);
  });

  it("are each caller's own, also where there is nothing: one's time tells nothing of another's requests", async () => {
    const { state, find } = world(1);
    await find('whole', 'arn:a');
    await find('whole', 'arn:b');
    expect(state.reads).toBe(2);
    state.found = { repository: undefined, manifest: undefined };
    state.revision = 2;
    await find('whole', 'arn:b');
    await find('whole', 'arn:b');
    expect(state.reads).toBe(3);
  });
});

describe('a memory', () => {
  const numbers = (mostEntries: number, mostBytes: number) => {
    const revisions = new Map<string, number>();
    const memory = createRevisionMemory<number>(
      { revision: (_tables, [thing = ''] = []) => revisions.get(thing) ?? 0 },
      { mostEntries, mostBytes, sizeOf: (value) => (value < 0 ? undefined : value) },
    );
    const source = (thing: string) => ({ tables: ['t'], within: [thing] });
    return {
      revisions,
      keep: (key: string, value: number, thing = key) =>
        memory.recall(key, source(thing), () => Promise.resolve(value)),
      known: (keys: string) => keys.split('').map((key) => memory.get(key, source(key))),
    };
  };

  it('forgets what was written to, and nothing else', async () => {
    const { revisions, keep, known } = numbers(10, 100);
    await keep('a', 1);
    await keep('b', 2);
    revisions.set('a', 1);
    expect(known('ab')).toEqual([undefined, 2]);
    expect(await keep('a', 3)).toBe(3);
    expect(known('ab')).toEqual([3, 2]);
  });

  it('is bounded in entries and bytes: the oldest make room', async () => {
    const few = numbers(2, 100);
    for (const key of 'abc') await few.keep(key, 1);
    expect(few.known('abc')).toEqual([undefined, 1, 1]);
    const small = numbers(10, 10);
    for (const [key, value] of Object.entries({ a: 4, b: 4, c: 7, d: 11, e: -1 })) await small.keep(key, value);
    expect(small.known('abcde')).toEqual([undefined, undefined, 7, undefined, undefined]);
    small.revisions.set('c', 1);
    await small.keep('c', 3);
    await small.keep('a', 7);
    expect(small.known('ac')).toEqual([7, 3]);
  });
});
