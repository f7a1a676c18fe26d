// After a KMS key was rotated the data keys of layers are wrapped anew, under its newest material. Bytes are not touched, and
// the registry sees no data key: the key's holder opens and wraps. A loop does it slowly for all; an operator can do it now.
import { type AccountId, errorText, type LoopService, loopService } from '@longshore/base';
import { sql } from '@longshore/store';
import type { Core } from '../core.ts';
import { RegistryError } from '../errors.ts';

export interface RewrapOutcome {
  readonly rewrapped: number;
  /** Keys that could not be used, with why. Their layers stay as they are. */
  readonly failures: readonly { readonly key: string; readonly reason: string }[];
  /** More layers are left than this round took. */
  readonly more: boolean;
}

interface SealedRow {
  readonly stored: string;
  readonly kms_key: string;
  readonly context: string;
  readonly wrapped: Uint8Array;
  readonly account: AccountId;
}

const page = 100;

/** Wraps anew what was wrapped before `before` (milliseconds since the epoch), the oldest first, for `budgetMs`. */
export async function rewrapLayers(
  core: Core,
  before: number,
  budgetMs: number,
  signal?: AbortSignal,
): Promise<RewrapOutcome> {
  const deadline = core.clock.now() + budgetMs;
  const failed = new Map<string, string>();
  let rewrapped = 0;
  let after = '';
  for (;;) {
    // By digest, so that a layer whose key refuses is passed over and not met again in this round.
    const rows = await core.store.all<SealedRow>(
      sql`SELECT s.stored, s.kms_key, s.context, s.wrapped, (SELECT r.account FROM registry_repository_blobs l
          JOIN registry_repositories r ON r.id = l.repository WHERE l.stored = s.stored LIMIT 1) AS account
        FROM registry_sealed_blobs s WHERE s.wrapped_at < ${before} AND s.stored > ${after}
        ORDER BY s.stored LIMIT ${page}`,
    );
    for (const row of rows) {
      after = row.stored;
      if (signal?.aborted || core.clock.now() >= deadline) return outcome(true);
      // A layer that no repository has is collection's.
      if (row.account === null || failed.has(row.kms_key)) continue;
      try {
        await rewrapOne(core, row);
        rewrapped += 1;
      } catch (error) {
        if (!(error instanceof RegistryError)) throw error;
        failed.set(row.kms_key, errorText(error));
      }
    }
    if (rows.length < page) return outcome(false);
  }

  function outcome(more: boolean): RewrapOutcome {
    return { rewrapped, more, failures: [...failed].map(([key, reason]) => ({ key, reason })) };
  }
}

async function rewrapOne(core: Core, { stored, kms_key: key, context, wrapped, account }: SealedRow): Promise<void> {
  const use = { account, key, context: JSON.parse(context) as Record<string, string> };
  const fresh = await core.keys.rewrap(use, wrapped);
  // Opened before the old one is given up: a holder that errs must not cost the layer.
  await core.keys.unwrap(use, fresh);
  await core.store.write([
    {
      sql: sql`UPDATE registry_sealed_blobs SET wrapped = ${fresh}, wrapped_at = ${core.clock.now()}
        WHERE stored = ${stored}`,
    },
  ]);
}

const maxAgeMs = 30 * 86_400_000;
const roundMs = 60_000;

/** Every data key is wrapped anew once in a month, so that a rotated key's old material falls out of use by itself. */
export function rewrapLoop(core: Core): LoopService {
  return loopService({
    id: 'registry/rewrap',
    everyMs: 3_600_000,
    log: core.log,
    clock: core.clock,
    step: async ({ signal }) => {
      const { rewrapped, failures } = await rewrapLayers(core, core.clock.now() - maxAgeMs, roundMs, signal);
      if (rewrapped > 0) core.log.info({ rewrapped }, 'data keys of layers were wrapped anew');
      for (const failure of failures) core.log.warn(failure, 'data keys could not be wrapped anew');
    },
  });
}
