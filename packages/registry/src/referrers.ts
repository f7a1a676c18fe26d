// Referrers: the manifests whose subject another one is. Their descriptors are put together as text from what the rows hold,
// annotations as the JSON that they are stored as: a page has a thousand of them.
import type { Digest } from '@longshore/base';
import { sql, sqlList, type View } from '@longshore/store';
import { limits } from './limits.ts';
import type { Repository } from './repository.ts';

export interface Referrer {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly artifactType: string | undefined;
  readonly size: number;
  /** JSON: a map of texts. */
  readonly annotations: string | undefined;
}

interface ReferrerRow {
  readonly digest: Digest;
  readonly media_type: string;
  readonly artifact_type: string | null;
  readonly size: number;
  readonly annotations: string | null;
  readonly long: number;
}

/** The JSON of the referrer's descriptor (image-spec, "OCI Content Descriptors"). */
export function descriptorText({ digest, mediaType, artifactType, size, annotations }: Referrer): string {
  const artifact = artifactType === undefined ? '' : `,"artifactType":${JSON.stringify(artifactType)}`;
  const annotated = annotations === undefined ? '' : `,"annotations":${annotations}`;
  return `{"mediaType":${JSON.stringify(mediaType)},"digest":"${digest}","size":${size}${artifact}${annotated}}`;
}

/** Annotations up to this many characters come with the list, longer ones one by one: a page must not need much memory. */
const shortAnnotations = 4_096;

/** Up to `count` manifests whose subject is `subject`, by digest; of these artifact types only, if there are any. */
export async function listReferrersPage(
  view: View,
  repository: Repository,
  subject: Digest,
  page: { readonly artifactTypes: readonly string[]; readonly after: string; readonly count: number },
): Promise<{ readonly referrers: readonly Referrer[]; readonly more: boolean }> {
  const filter = page.artifactTypes.length === 0 ? sql`` : sql`AND artifact_type IN (${sqlList(page.artifactTypes)})`;
  // One beyond the page says that there is more.
  const rows = await view.all<ReferrerRow>(
    sql`SELECT digest, media_type, artifact_type, size,
        CASE WHEN LENGTH(annotations) > ${shortAnnotations} THEN NULL ELSE annotations END AS annotations,
        CASE WHEN LENGTH(annotations) > ${shortAnnotations} THEN 1 ELSE 0 END AS long
      FROM registry_manifests
      WHERE repository = ${repository.id} AND subject = ${subject} AND digest > ${page.after} ${filter}
      ORDER BY digest LIMIT ${page.count + 1}`,
  );
  const referrers: Referrer[] = [];
  let bytes = 0;
  for (const row of rows) {
    const annotations = row.long === 1 ? await annotationsOf(view, repository, row.digest) : row.annotations;
    bytes += annotations?.length ?? 0;
    const full = referrers.length === page.count || (referrers.length > 0 && bytes > limits.referrersBytes);
    if (full) return { referrers, more: true };
    const { digest, media_type: mediaType, artifact_type: artifactType, size } = row;
    referrers.push({
      digest,
      mediaType,
      artifactType: artifactType ?? undefined,
      size,
      annotations: annotations ?? undefined,
    });
  }
  return { referrers, more: false };
}

async function annotationsOf(view: View, repository: Repository, digest: string): Promise<string | null> {
  const row = await view.get<Pick<ReferrerRow, 'annotations'>>(
    sql`SELECT annotations FROM registry_manifests WHERE repository = ${repository.id} AND digest = ${digest}`,
  );
  return row?.annotations ?? null;
}
