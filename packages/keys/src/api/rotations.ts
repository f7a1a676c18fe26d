// EnableKeyRotation, DisableKeyRotation, GetKeyRotationStatus, RotateKeyOnDemand, ListKeyRotations.
import {
  DisableKeyRotation$,
  type DisableKeyRotationRequest,
  EnableKeyRotation$,
  type EnableKeyRotationRequest,
  GetKeyRotationStatus$,
  type GetKeyRotationStatusRequest,
  type GetKeyRotationStatusResponse,
  ListKeyRotations$,
  type ListKeyRotationsRequest,
  type ListKeyRotationsResponse,
  RotateKeyOnDemand$,
  type RotateKeyOnDemandRequest,
  type RotateKeyOnDemandResponse,
} from '@aws-sdk/client-kms';
import { sql } from '@longshore/store';
import type { KeysCore } from '../core.ts';
import { kmsErrors } from '../errors.ts';
import { changeKey, requireUsable } from '../keys.ts';
import { dayMs, rotateOnDemand } from '../rotation.ts';
import { keyOperation, readPage, toPage } from './kms-operation.ts';
import { materialId } from './shapes.ts';

export const enableKeyRotation = (core: KeysCore) =>
  keyOperation<EnableKeyRotationRequest, object>(core, {
    name: 'EnableKeyRotation',
    schema: EnableKeyRotation$,
    effect: 'write',
    ownAccountOnly: true,
    async handle(input, key, call) {
      const days = input.RotationPeriodInDays ?? 365;
      if (!Number.isInteger(days) || days < 90 || days > 2560) {
        throw kmsErrors.validation('RotationPeriodInDays must be 90 to 2560.');
      }
      requireUsable(key);
      const next = call.now + days * dayMs;
      await changeKey(core, key.id, () => ({ set: sql`rotation_days = ${days}, next_rotation = ${next}` }));
      return {};
    },
  });

export const disableKeyRotation = (core: KeysCore) =>
  keyOperation<DisableKeyRotationRequest, object>(core, {
    name: 'DisableKeyRotation',
    schema: DisableKeyRotation$,
    effect: 'write',
    ownAccountOnly: true,
    async handle(_input, key) {
      requireUsable(key);
      await changeKey(core, key.id, () => ({ set: sql`rotation_days = ${null}, next_rotation = ${null}` }));
      return {};
    },
  });

export const getKeyRotationStatus = (core: KeysCore) =>
  keyOperation<GetKeyRotationStatusRequest, GetKeyRotationStatusResponse>(core, {
    name: 'GetKeyRotationStatus',
    schema: GetKeyRotationStatus$,
    effect: 'read',
    async handle(_input, key) {
      return {
        KeyId: key.arn,
        KeyRotationEnabled: key.rotationDays !== undefined,
        ...(key.rotationDays !== undefined && { RotationPeriodInDays: key.rotationDays }),
        ...(key.nextRotation !== undefined && { NextRotationDate: new Date(key.nextRotation) }),
      };
    },
  });

export const rotateKeyOnDemand = (core: KeysCore) =>
  keyOperation<RotateKeyOnDemandRequest, RotateKeyOnDemandResponse>(core, {
    name: 'RotateKeyOnDemand',
    schema: RotateKeyOnDemand$,
    effect: 'write',
    ownAccountOnly: true,
    async handle(_input, key) {
      requireUsable(key);
      await rotateOnDemand(core, key);
      return { KeyId: key.arn };
    },
  });

interface MaterialRow {
  readonly material: number;
  readonly kind: 'INITIAL' | 'AUTOMATIC' | 'ON_DEMAND';
  readonly created_at: number;
}

/** Markers are material numbers; they are few (25 on demand, one each rotation period). */
export const listKeyRotations = (core: KeysCore) =>
  keyOperation<ListKeyRotationsRequest, ListKeyRotationsResponse>(core, {
    name: 'ListKeyRotations',
    schema: ListKeyRotations$,
    effect: 'read',
    ownAccountOnly: true,
    async handle(input, key) {
      const page = readPage(input);
      const after = page.after === '' ? 0 : Number(page.after);
      if (!Number.isSafeInteger(after)) throw kmsErrors.invalidMarker();
      const initial = input.IncludeKeyMaterial === 'ALL_KEY_MATERIAL' ? sql`` : sql`AND kind <> 'INITIAL'`;
      const rows = await core.store.all<MaterialRow>(
        sql`SELECT material, kind, created_at FROM kms_materials
          WHERE key_id = ${key.id} AND material > ${after} ${initial} ORDER BY material LIMIT ${page.size + 1}`,
      );
      const { items, rest } = toPage(rows, page, (row) => String(row.material));
      const Rotations = items.map((row) => ({
        KeyId: key.arn,
        KeyMaterialId: materialId(key, row.material),
        KeyMaterialState: row.material === key.material ? ('CURRENT' as const) : ('NON_CURRENT' as const),
        ...(row.kind !== 'INITIAL' && { RotationType: row.kind, RotationDate: new Date(row.created_at) }),
      }));
      return { Rotations, ...rest };
    },
  });
