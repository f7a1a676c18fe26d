// What is kept between writes: never older than the last write, bounded, each caller's own, and nothing where the store cannot tell.
import { describe, expect, it } from 'vitest';
import { createImageMemory } from './image-memory.ts';
import { parseReference, type RepositoryName, type RepositoryRef, resolvePathName } from './names.ts';
import type { FoundManifest } from './reading.ts';
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
