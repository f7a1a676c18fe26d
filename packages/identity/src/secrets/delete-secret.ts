// secretsmanager:DeleteSecret and RestoreSecret, and the loop that removes secrets whose time is over.
import {
  DeleteSecret$,
  type DeleteSecretRequest,
  type DeleteSecretResponse,
  RestoreSecret$,
  type RestoreSecretRequest,
  type RestoreSecretResponse,
} from '@aws-sdk/client-secrets-manager';
import { type Logger, loopService, type Service } from '@longshore/base';
import { ConflictError, sql } from '@longshore/store';
import { removeSteps, requireSecret, secretOperation, type SecretsCore, updateSecret } from './core.ts';
import { secretErrors } from './errors.ts';
import { secretArn, secretColumns, type SecretRow } from './secret.ts';

const dayMs = 24 * 60 * 60 * 1000;

function readWindow(input: DeleteSecretRequest): number {
  const days = input.RecoveryWindowInDays;
  if (input.ForceDeleteWithoutRecovery === true) {
    if (days === undefined) return 0;
    throw secretErrors.invalid("You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.");
  }
  const wanted = days ?? 30;
  if (Number.isInteger(wanted) && wanted >= 7 && wanted <= 30) return wanted;
  throw secretErrors.invalid('RecoveryWindowInDays value must be between 7 and 30 days (inclusive).');
}

export function deleteSecret(core: SecretsCore) {
  return secretOperation<DeleteSecretRequest, DeleteSecretResponse>(core, {
    name: 'DeleteSecret',
    schema: DeleteSecret$,
    effect: 'write',
    async handle(input, call) {
      const days = readWindow(input);
      const secret = await core.store.update(async (view) => {
        const held = await requireSecret(core, view, input, call, days !== 0);
        const purgeAt = call.now + days * dayMs;
        const steps =
          days === 0 ? removeSteps(held) : [updateSecret(held, { deleted_at: call.now, purge_at: purgeAt })];
        return { steps, result: held };
      });
      return {
        ARN: secretArn(core.region, secret),
        Name: secret.name,
        DeletionDate: new Date(call.now + days * dayMs),
      };
    },
  });
}

export function restoreSecret(core: SecretsCore) {
  return secretOperation<RestoreSecretRequest, RestoreSecretResponse>(core, {
    name: 'RestoreSecret',
    schema: RestoreSecret$,
    effect: 'write',
    async handle(input, call) {
      const secret = await core.store.update(async (view) => {
        const held = await requireSecret(core, view, input, call, false);
        return { steps: [updateSecret(held, { deleted_at: null, purge_at: null })], result: held };
      });
      return { ARN: secretArn(core.region, secret), Name: secret.name };
    },
  });
}

const purgeEveryMs = 10 * 60 * 1000;
const batch = 100;

/** Removes secrets whose recovery window is over. */
export function secretPurge(core: SecretsCore, log: Logger): Service {
  const { store, clock } = core;
  async function step(): Promise<void> {
    const due = await store.all<SecretRow>(
      sql`SELECT ${secretColumns} FROM secrets WHERE purge_at <= ${clock.now()} ORDER BY purge_at LIMIT ${batch}`,
    );
    for (const secret of due) {
      try {
        await store.write(removeSteps(secret));
      } catch (error) {
        // Restored, or removed by another replica, in between.
        if (!(error instanceof ConflictError)) throw error;
      }
    }
  }
  return loopService({ id: 'identity/secret-purge', everyMs: purgeEveryMs, log, clock, step });
}
