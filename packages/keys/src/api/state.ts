// EnableKey, DisableKey, ScheduleKeyDeletion, CancelKeyDeletion.
import {
  CancelKeyDeletion$,
  type CancelKeyDeletionRequest,
  type CancelKeyDeletionResponse,
  DisableKey$,
  type DisableKeyRequest,
  EnableKey$,
  type EnableKeyRequest,
  ScheduleKeyDeletion$,
  type ScheduleKeyDeletionRequest,
  type ScheduleKeyDeletionResponse,
} from '@aws-sdk/client-kms';
import { sql } from '@longshore/store';
import type { KeysCore } from '../core.ts';
import { kmsErrors } from '../errors.ts';
import { changeKey } from '../keys.ts';
import { keyOperation } from './kms-operation.ts';

const dayMs = 86_400_000;

function setEnabled(core: KeysCore, id: string, enabled: boolean): Promise<void> {
  return changeKey(core, id, (key) => {
    if (key.deletionAt !== undefined) throw kmsErrors.pendingDeletion(key.arn);
    return { set: sql`enabled = ${enabled ? 1 : 0}` };
  });
}

export const enableKey = (core: KeysCore) =>
  keyOperation<EnableKeyRequest, object>(core, {
    name: 'EnableKey',
    schema: EnableKey$,
    effect: 'write',
    ownAccountOnly: true,
    async handle(_input, key) {
      await setEnabled(core, key.id, true);
      return {};
    },
  });

export const disableKey = (core: KeysCore) =>
  keyOperation<DisableKeyRequest, object>(core, {
    name: 'DisableKey',
    schema: DisableKey$,
    effect: 'write',
    ownAccountOnly: true,
    async handle(_input, key) {
      await setEnabled(core, key.id, false);
      return {};
    },
  });

export const scheduleKeyDeletion = (core: KeysCore) =>
  keyOperation<ScheduleKeyDeletionRequest, ScheduleKeyDeletionResponse>(core, {
    name: 'ScheduleKeyDeletion',
    schema: ScheduleKeyDeletion$,
    effect: 'write',
    ownAccountOnly: true,
    async handle(input, key, call) {
      const days = input.PendingWindowInDays ?? 30;
      if (!Number.isInteger(days) || days < 7 || days > 30) {
        throw kmsErrors.validation('PendingWindowInDays must be 7 to 30.');
      }
      const at = call.now + days * dayMs;
      await changeKey(core, key.id, (held) => {
        if (held.deletionAt !== undefined) throw kmsErrors.pendingDeletion(held.arn);
        return { set: sql`enabled = 0, deletion_at = ${at}, deletion_days = ${days}` };
      });
      return { KeyId: key.arn, DeletionDate: new Date(at), KeyState: 'PendingDeletion', PendingWindowInDays: days };
    },
  });

export const cancelKeyDeletion = (core: KeysCore) =>
  keyOperation<CancelKeyDeletionRequest, CancelKeyDeletionResponse>(core, {
    name: 'CancelKeyDeletion',
    schema: CancelKeyDeletion$,
    effect: 'write',
    ownAccountOnly: true,
    async handle(_input, key) {
      await changeKey(core, key.id, (held) => {
        if (held.deletionAt === undefined) throw kmsErrors.notPendingDeletion(held.arn);
        return { set: sql`deletion_at = ${null}, deletion_days = ${null}` };
      });
      return { KeyId: key.arn };
    },
  });
