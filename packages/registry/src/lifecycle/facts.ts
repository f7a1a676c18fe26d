// The facts that lifecycle rules are about, of all images of a repository.
import { sql, sqlList, type View } from '@longshore/store';
import { listImages } from '../reading.ts';
import type { Repository } from '../repository.ts';
import type { ImageFacts } from './evaluate.ts';

const page = 500;

/** Those of `digests` that an index of the repository names. */
async function referencedOf(view: View, repository: Repository, digests: readonly string[]): Promise<Set<string>> {
  const rows = await view.all<{ digest: string }>(
    sql`SELECT DISTINCT digest FROM registry_manifest_refs
      WHERE repository = ${repository.id} AND kind = 'manifest' AND digest IN (${sqlList(digests)})`,
  );
  return new Set(rows.map((row) => row.digest));
}

/** All images, read in pages; the quota of images bounds them. */
export async function readImageFacts(view: View, repository: Repository): Promise<ImageFacts[]> {
  const facts: ImageFacts[] = [];
  let after = '';
  for (;;) {
    const images = await listImages(view, repository, 'ANY', after, page);
    const last = images.at(-1);
    if (!last) return facts;
    const digests = images.map((image) => image.digest);
    const referenced = await referencedOf(view, repository, digests);
    for (const { digest, tags, pushedAt, pulledAt, subject } of images) {
      facts.push({ digest, tags, pushedAt, pulledAt, referenced: referenced.has(digest), subject });
    }
    if (images.length < page) return facts;
    after = last.digest;
  }
}
