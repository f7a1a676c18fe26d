// The dry run: what collection would do now, and why, without doing it. A list of bounded length.
import type { Digest } from '@longshore/base';
import { sql, sqlList, type View } from '@longshore/store';
import type { BlobCursor, LinkCursor } from './due.ts';
import { dueBlobs, dueLinks, firstBlob, firstLink } from './due.ts';
import { decideBlob, decideLink, type DueBlob, type DueLink } from './rules.ts';

export interface PlannedAction {
  /** unlink: the repository cannot read the blob any more; remove: the bytes go. */
  readonly action: 'unlink' | 'remove';
  readonly digest: Digest;
  readonly size: number;
  readonly why: string;
  /** Of an unlink. */
  readonly account?: string;
  readonly repository?: string;
}

export interface CollectionPreview {
  readonly actions: readonly PlannedAction[];
  readonly removedBytes: number;
  /** There is more than the list holds. */
  readonly more: boolean;
}

const page = 200;

export async function previewCollection(view: View, now: number, limit: number): Promise<CollectionPreview> {
  const links = await wantedLinks(view, now, limit);
  const blobs = await wantedBlobs(view, now, limit);
  const orphans = await orphanedBy(view, links, new Set(blobs.map((blob) => blob.digest)), now);
  const actions = [...links.map(unlinking), ...blobs.map(removal), ...orphans];
  const kept = actions.slice(0, limit);
  const removedBytes = kept.reduce((sum, each) => sum + (each.action === 'remove' ? each.size : 0), 0);
  return { actions: kept, removedBytes, more: actions.length > limit || links.length > limit || blobs.length > limit };
}

async function wantedLinks(view: View, now: number, limit: number): Promise<DueLink[]> {
  const wanted: DueLink[] = [];
  for (let after: LinkCursor = firstLink; wanted.length <= limit; ) {
    const links = await dueLinks(view, now, page, after);
    wanted.push(...links.filter((link) => decideLink(link, now) === 'unlink'));
    const last = links.at(-1);
    if (!last || links.length < page) break;
    after = last;
  }
  return wanted;
}

async function wantedBlobs(view: View, now: number, limit: number): Promise<DueBlob[]> {
  const wanted: DueBlob[] = [];
  for (let after: BlobCursor = firstBlob; wanted.length <= limit; ) {
    const blobs = await dueBlobs(view, now, page, after);
    wanted.push(...blobs.filter((blob) => ['condemn', 'remove'].includes(decideBlob(blob, now))));
    const last = blobs.at(-1);
    if (!last || blobs.length < page) break;
    after = last;
  }
  return wanted;
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19);
}

function unlinking({ ref, digest, size, leaseUntil }: DueLink): PlannedAction {
  const why = `no image of the repository names it, and its lease ran out at ${isoTime(leaseUntil)}`;
  return { action: 'unlink', digest, size, why, account: ref.account, repository: ref.name };
}

function removal({ digest, size, status, leaseUntil }: DueBlob): PlannedAction {
  const whys: Readonly<Record<DueBlob['status'], string>> = {
    none: `no repository links it, and its lease ran out at ${isoTime(leaseUntil)}`,
    condemned: 'condemned in an earlier round, and no repository has linked it since',
    deleting: 'its removal has begun',
  };
  return { action: 'remove', digest, size, why: whys[status] };
}

/** Blobs whose every link is among `links`. */
async function orphanedBy(
  view: View,
  links: readonly DueLink[],
  known: ReadonlySet<string>,
  now: number,
): Promise<PlannedAction[]> {
  const going = new Map<Digest, number>();
  for (const { stored } of links) going.set(stored, (going.get(stored) ?? 0) + 1);
  const digests = [...going.keys()].filter((digest) => !known.has(digest));
  const actions: PlannedAction[] = [];
  for (let i = 0; i < digests.length; i += page) {
    const rows = await view.all<{ digest: Digest; size: number; links: number }>(
      sql`SELECT b.digest, b.size, COUNT(*) AS links FROM registry_blobs b
        JOIN registry_repository_blobs l ON l.stored = b.digest
        WHERE b.digest IN (${sqlList(digests.slice(i, i + page))}) AND b.lease_until <= ${now}
        GROUP BY b.digest, b.size ORDER BY b.digest`,
    );
    for (const { digest, size, links: count } of rows) {
      if (count !== going.get(digest)) continue;
      actions.push({ action: 'remove', digest, size, why: 'the links that go are its last ones' });
    }
  }
  return actions;
}
