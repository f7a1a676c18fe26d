import { expect, it } from 'vitest';
import { call, envFor } from '../testing/call.ts';
import { jsonServer, refusal } from '../testing/json-server.ts';

const digest = `sha256:${'ab'.repeat(32)}`;

it('lists what is stored, the newest first', async () => {
  const server = await jsonServer({
    DescribeRepositories: () => ({ repositories: [{ repositoryName: 'hello', repositoryUri: 'h:1/1/hello' }] }),
    DescribeImages: () => ({
      imageDetails: [
        { imageDigest: `sha256:${'00'.repeat(32)}`, imageSizeInBytes: 10, imagePushedAt: 1000 },
        { imageDigest: digest, imageTags: ['1', 'latest'], imageSizeInBytes: 2_500_000, imagePushedAt: 2000 },
      ],
    }),
  });
  const { out } = await call(['images'], { env: envFor(server.url), now: 2_060_000 });
  await server.close();
  expect(out).toBe(
    'REPOSITORY  TAGS       DIGEST           SIZE  PUSHED\n' +
      'hello       1, latest  abababababab  2.4 MiB      1m\n' +
      'hello       -          000000000000     10 B     17m\n',
  );
});

it("says in the server's words that a repository is not there", async () => {
  const server = await jsonServer({
    DescribeRepositories: () => {
      throw refusal('RepositoryNotFoundException', "The repository with name 'x' does not exist");
    },
  });
  const { code, out, err } = await call(['images', 'x'], { env: envFor(server.url) });
  await server.close();
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(err).toBe("RepositoryNotFoundException: The repository with name 'x' does not exist\n");
});
