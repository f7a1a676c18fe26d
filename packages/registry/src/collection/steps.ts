// How collection's decisions are written. Each step compares again what it was decided on, in the transaction that
// writes it, and changes nothing if that has changed: a rescue at any moment wins. None of them fails a write.
import { type Step, sql } from '@longshore/store';
import { repositoryThing } from '../names.ts';
import type { DueBlob, DueLink } from './rules.ts';

const unreferenced = sql`NOT EXISTS (SELECT 1 FROM registry_manifest_refs f
  WHERE f.repository = registry_repository_blobs.repository AND f.digest = registry_repository_blobs.digest)`;

/** A link that is referenced: out of the queue, until a manifest that names it goes. */
export function settleLinkStep({ repository, ref, digest }: DueLink): Step {
  return {
    sql: sql`UPDATE registry_repository_blobs SET check_at = NULL
      WHERE repository = ${repository} AND digest = ${digest} AND NOT ${unreferenced}`,
    within: repositoryThing(ref),
  };
}

export function laterLinkStep({ repository, ref, digest }: DueLink): Step {
  return {
    sql: sql`UPDATE registry_repository_blobs SET check_at = lease_until
      WHERE repository = ${repository} AND digest = ${digest} AND check_at IS NOT NULL`,
    within: repositoryThing(ref),
  };
}

/** Removes a link that nothing refers to and whose lease has run out. */
export function unlinkStep({ repository, ref, digest }: DueLink, now: number): Step {
  return {
    sql: sql`DELETE FROM registry_repository_blobs
      WHERE repository = ${repository} AND digest = ${digest} AND lease_until <= ${now} AND ${unreferenced}`,
    within: repositoryThing(ref),
  };
}

const unlinked = sql`NOT EXISTS (SELECT 1 FROM registry_repository_blobs l WHERE l.stored = registry_blobs.digest)`;

/** A blob that is linked: out of the queue, until a link goes. */
export function settleBlobStep({ digest, version }: DueBlob): Step {
  return {
    sql: sql`UPDATE registry_blobs SET check_at = NULL
      WHERE digest = ${digest} AND version = ${version} AND NOT ${unlinked}`,
  };
}

export function laterBlobStep({ digest, version }: DueBlob): Step {
  return {
    sql: sql`UPDATE registry_blobs SET check_at = lease_until WHERE digest = ${digest} AND version = ${version}`,
  };
}

/** none → condemned, to be removed in a later round. Until then the next link of it rescues it. */
export function condemnStep({ digest, version }: DueBlob, now: number): Step {
  return {
    sql: sql`UPDATE registry_blobs SET status = 'condemned', version = version + 1, check_at = ${now + 1}
      WHERE digest = ${digest} AND version = ${version} AND status = 'none' AND lease_until <= ${now} AND ${unlinked}`,
  };
}

/** condemned → deleting: from here on the bytes go, and whoever pushes them stores them again. */
export function claimStep({ digest, version }: DueBlob): Step {
  return {
    sql: sql`UPDATE registry_blobs SET status = 'deleting', version = version + 1
      WHERE digest = ${digest} AND version = ${version} AND status IN ('condemned', 'deleting') AND ${unlinked}`,
  };
}

/**
 * After the bytes the record goes. That the digest was removed once more is remembered until `forgetAt`, for pushes that are
 * under way (layers.ts).
 */
export function forgetBlobSteps({ digest, version }: DueBlob, forgetAt: number): Step[] {
  return [
    {
      sql: sql`INSERT INTO registry_removed_blobs (digest, removals, forget_at) VALUES (${digest}, 1, ${forgetAt})
        ON CONFLICT (digest) DO UPDATE SET removals = registry_removed_blobs.removals + 1, forget_at = excluded.forget_at`,
    },
    {
      sql: sql`DELETE FROM registry_blobs
        WHERE digest = ${digest} AND version = ${version + 1} AND status = 'deleting'`,
    },
  ];
}

/** The bytes could not be removed: still deleting, to be tried again at `at`. */
export function retryStep({ digest, version }: DueBlob, at: number): Step {
  return {
    sql: sql`UPDATE registry_blobs SET check_at = ${at}
      WHERE digest = ${digest} AND version = ${version + 1} AND status = 'deleting'`,
  };
}

/** Removals that no push under way can have missed. */
export function forgetRemovalsStep(now: number): Step {
  return { sql: sql`DELETE FROM registry_removed_blobs WHERE forget_at <= ${now}` };
}
