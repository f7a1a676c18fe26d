// Images on the machine: pulled once where that is wanted, and removed when no task needs them, but never what others brought.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTransport } from './docker/transport.ts';
import { dockerHost, type Harness, openHarness, shell, taskOf, until } from './testing/harness.ts';

let harness: Harness;
let theirs: string;

beforeAll(async () => {
  harness = await openHarness();
  theirs = `${harness.plane.image}-theirs`;
});

afterAll(async () => {
  const transport = createTransport(dockerHost);
  const path = `/images/${encodeURIComponent(theirs)}?force=1`;
  await transport.call({ method: 'DELETE', path, timeoutMs: 30_000 }).catch(() => undefined);
  transport.close();
  await harness.close();
});

test('pulled once, used again without asking, removed when unused; an image under another name stays', async () => {
  const { plane, engine } = harness;
  await harness.start({ pullBehavior: 'once', imageMinAgeMs: 0, imageCleanEveryMs: 100, keepStoppedMs: 1_000 });
  const first = taskOf([shell(plane, 'exec sleep 1000', { stopTimeout: 1 })]);
  plane.payload(first);
  await harness.reported(first.arn, 'RUNNING');
  const asked = plane.registry.counts.head + plane.registry.counts.manifest;
  const transport = createTransport(dockerHost);
  const [repo, tag] = [theirs.slice(0, theirs.lastIndexOf(':')), theirs.slice(theirs.lastIndexOf(':') + 1)];
  const path = `/images/${encodeURIComponent(plane.image)}/tag?repo=${encodeURIComponent(repo)}&tag=${tag}`;
  await transport.call({ method: 'POST', path, timeoutMs: 30_000 });
  transport.close();
  const second = taskOf([shell(plane, 'exit 0')]);
  plane.payload(second);
  await harness.reported(second.arn, 'STOPPED');
  expect(plane.registry.counts.head + plane.registry.counts.manifest).toBe(asked);
  expect(await engine.inspectImage(plane.image)).toBeDefined();
  plane.payload({ ...first, desiredStatus: 'STOPPED' });
  await harness.reported(first.arn, 'STOPPED');
  await until('the image is gone', async () => (await engine.inspectImage(plane.image)) === undefined);
  expect(await engine.inspectImage(theirs)).toBeDefined();
  const third = taskOf([shell(plane, 'exit 0')]);
  plane.payload(third);
  await harness.reported(third.arn, 'STOPPED');
  expect(plane.registry.counts.head + plane.registry.counts.manifest).toBeGreaterThan(asked);
});
