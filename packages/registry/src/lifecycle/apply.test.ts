// The loop beside others who change what it decided about: the policy taken away, an image tagged, in the last moment.
import { sql, type Store } from '@longshore/store';
import { afterEach, expect, test, vi } from 'vitest';
import { openTestRegistry, pushImage, putManifest, type TestRegistry } from '../testing/fixture.ts';

const name = 'late/change';
let at: TestRegistry;
/** Runs once, when the loop is about to delete an image. */
let lastMoment: (() => Promise<void>) | undefined;

const interruptible = (store: Store): Store => ({
  ...store,
  update: async (plan) => {
    const run = lastMoment;
    lastMoment = undefined;
    await run?.();
    return store.update(plan);
  },
});

afterEach(() => at.close());

/** Two old images and a policy that keeps one; then the loop, with `change` in its last moment. Resolves to the tags left. */
async function applyWith(change: (old: string) => Promise<unknown>): Promise<unknown> {
  at = await openTestRegistry({ wrapStore: interruptible });
  const old = await pushImage(at, name, 'old', ['old']);
  await at.store.write([{ sql: sql`UPDATE registry_manifests SET pushed_at = ${1}`, expect: 1 }]);
  await pushImage(at, name, 'new', ['new']);
  const rule = {
    rulePriority: 1,
    selection: { tagStatus: 'any', countType: 'imageCountMoreThan', countNumber: 1 },
    action: { type: 'expire' },
  };
  await at.store.write([
    {
      sql: sql`INSERT INTO registry_lifecycle_policies (repository, policy, next_at, version)
        SELECT id, ${JSON.stringify({ rules: [rule] })}, 0, 1 FROM registry_repositories`,
      expect: 1,
    },
  ]);
  let interrupted = false;
  lastMoment = async () => {
    await change(old.bytes);
    interrupted = true;
  };
  const loop = at.registry.services.find((each) => each.id === 'registry/lifecycle');
  const running = loop?.run();
  await vi.waitFor(() => expect(interrupted).toBe(true), 10_000);
  await loop?.stop();
  await running;
  const answer = await at.ask(`/v2/${name}/tags/list`);
  return ((await answer.json()) as { tags: unknown }).tags;
}

test('nothing expires once the policy is taken away', async () => {
  expect(
    await applyWith(() => at.store.write([{ sql: sql`DELETE FROM registry_lifecycle_policies`, expect: 1 }])),
  ).toEqual(['new', 'old']);
});

test('an image that got a tag meanwhile stays', async () => {
  expect(await applyWith((old) => putManifest(at, name, 'wanted', old))).toEqual(['new', 'old', 'wanted']);
});

test('otherwise the old one goes', async () => {
  expect(await applyWith(() => Promise.resolve())).toEqual(['new']);
});
