// Uploads: open ones are rows; their bytes are the blob store's. An upload belongs to one repository and to the account
// that began it; anybody else's look-up finds nothing (CVE-2026-32589).
import type { Principal } from '@longshore/aws';
import { type AccountId, type LoopService, loopService, newHexId } from '@longshore/base';
import { type Step, sql } from '@longshore/store';
import type { Core } from './core.ts';
import { repositoryArn, type RepositoryRef } from './names.ts';
import { RegistryError } from './errors.ts';
import { limits } from './limits.ts';
import { type Repository, type RepositoryRow, repositoryColumns, toRepository } from './repository.ts';

/** Which protocol began it: bytes of a chunk and parts of the ECR API are not mixed in one upload. */
export type UploadProtocol = 'oci' | 'ecr';

export interface Upload {
  readonly id: string;
  readonly protocol: UploadProtocol;
  /** ECR: parts that came, where the last began if it was under 5 MiB, and whether one before the last was. */
  readonly parts: number;
  readonly shortPartAt: number | undefined;
  readonly partTooSmall: boolean;
  readonly expiresAt: number;
}

interface UploadRow extends RepositoryRow {
  readonly upload: string | null;
  readonly parts: number;
  /** One more than `shortPartAt`; 0 if there is none. */
  readonly last_part_short: number;
  readonly part_too_small: number;
  readonly expires_at: number;
}

/** Begins an upload. Throws uploadsExceeded, or repositoryUnknown if the repository was deleted meanwhile. */
export async function beginUpload(
  core: Core,
  repository: Repository,
  principal: Principal,
  protocol: UploadProtocol,
): Promise<string> {
  const open = await core.store.get<{ n: number }>(
    sql`SELECT COUNT(*) AS n FROM (SELECT 1 AS one FROM registry_uploads WHERE account = ${principal.account}
      LIMIT ${limits.uploadsPerAccount}) AS held`,
  );
  if ((open?.n ?? 0) >= limits.uploadsPerAccount) throw new RegistryError('uploadsExceeded');
  const id = newHexId();
  const now = core.clock.now();
  const seal = await core.sealing.newSeal(repository, repositoryArn(core, repository));
  await core.blobs.create(id);
  try {
    await core.store.write([
      {
        sql: sql`INSERT INTO registry_uploads (id, repository, account, principal, protocol, parts, last_part_short,
            part_too_small, created_at, expires_at)
          VALUES (${id}, ${repository.id}, ${principal.account}, ${principal.arn}, ${protocol}, ${0}, ${0}, ${0},
            ${now}, ${now + core.uploadTtlMs})`,
        otherwise: () => new RegistryError('repositoryUnknown'),
      },
      ...core.sealing.recordSteps(id, seal),
    ]);
  } catch (error) {
    await core.blobs.cancel(id);
    throw error;
  }
  return id;
}

export interface FoundUpload {
  readonly repository: Repository | undefined;
  readonly upload: Upload | undefined;
}

const idPattern = /^[0-9a-f]{32}$/;

/** The repository, and the upload if it is this repository's, this account's and this protocol's, and not expired. */
export async function findUpload(
  core: Core,
  ref: RepositoryRef,
  id: string,
  account: AccountId,
  protocol: UploadProtocol,
): Promise<FoundUpload> {
  const wanted = idPattern.test(id) ? id : '';
  const row = await core.store.get<UploadRow>(
    sql`SELECT ${repositoryColumns}, u.id AS upload, u.parts, u.last_part_short, u.part_too_small, u.expires_at
      FROM registry_repositories r
      LEFT JOIN registry_uploads u ON u.id = ${wanted} AND u.repository = r.id AND u.account = ${account}
        AND u.protocol = ${protocol} AND u.expires_at > ${core.clock.now()}
      WHERE r.account = ${ref.account} AND r.name = ${ref.name}`,
  );
  if (!row) return { repository: undefined, upload: undefined };
  const upload: Upload | undefined =
    row.upload === null
      ? undefined
      : {
          id: row.upload,
          protocol,
          parts: row.parts,
          shortPartAt: row.last_part_short === 0 ? undefined : row.last_part_short - 1,
          partTooSmall: row.part_too_small === 1,
          expiresAt: row.expires_at,
        };
  return { repository: toRepository(row), upload };
}

/** Bytes received so far. Throws uploadUnknown. */
export async function uploadOffset(core: Core, repository: Repository, upload: Upload): Promise<number> {
  const offset = await (await core.sealing.upload(repository, upload.id)).offset();
  if (offset === undefined) throw new RegistryError('uploadUnknown');
  return offset;
}

/** Puts off the expiry, once an eighth of the time to live is used up. Throws uploadUnknown. */
export async function touchUpload(core: Core, upload: Pick<Upload, 'id' | 'expiresAt'>): Promise<number> {
  const wanted = core.clock.now() + core.uploadTtlMs;
  if (upload.expiresAt > wanted - core.uploadTtlMs / 8) return upload.expiresAt;
  await core.store.write([
    {
      sql: sql`UPDATE registry_uploads SET expires_at = ${wanted} WHERE id = ${upload.id}`,
      expect: 1,
      otherwise: () => new RegistryError('uploadUnknown'),
    },
  ]);
  return wanted;
}

export function forgetUploadStep(id: string): Step {
  return {
    sql: sql`DELETE FROM registry_uploads WHERE id = ${id}`,
    expect: 1,
    otherwise: () => new RegistryError('uploadUnknown'),
  };
}

/** Ends an upload without a blob. Throws uploadUnknown if another request ended it. */
export async function cancelUpload(core: Core, id: string): Promise<void> {
  await core.store.write([forgetUploadStep(id)]);
  await core.blobs.cancel(id);
}

/** Cancels uploads that received nothing for their time to live. */
export function uploadExpiry(core: Core): LoopService {
  return loopService({
    id: 'registry/upload-expiry',
    everyMs: Math.max(1_000, Math.min(60_000, core.uploadTtlMs / 4)),
    log: core.log,
    clock: core.clock,
    step: async ({ signal }) => {
      for (;;) {
        const now = core.clock.now();
        const expired = await core.store.all<{ id: string }>(
          sql`SELECT id FROM registry_uploads WHERE expires_at <= ${now} ORDER BY expires_at LIMIT 100`,
        );
        for (const { id } of expired) {
          if (signal.aborted) return;
          const [gone] = await core.store.write([
            { sql: sql`DELETE FROM registry_uploads WHERE id = ${id} AND expires_at <= ${now}` },
          ]);
          if (gone?.changes === 1) await core.blobs.cancel(id);
        }
        if (expired.length < 100) return;
      }
    },
  });
}
