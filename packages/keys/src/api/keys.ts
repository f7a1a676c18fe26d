// CreateKey, DescribeKey, ListKeys, UpdateKeyDescription.
import {
  CreateKey$,
  type CreateKeyRequest,
  type CreateKeyResponse,
  DescribeKey$,
  type DescribeKeyRequest,
  type DescribeKeyResponse,
  ListKeys$,
  type ListKeysRequest,
  type ListKeysResponse,
  UpdateKeyDescription$,
  type UpdateKeyDescriptionRequest,
} from '@aws-sdk/client-kms';
import { operation } from '@longshore/aws';
import { sql } from '@longshore/store';
import type { KeysCore } from '../core.ts';
import { kmsErrors } from '../errors.ts';
import { changeKey, createKey as insertKey, listKeys as keysOf } from '../keys.ts';
import { checkLength, keyOperation, readPage, toPage } from './kms-operation.ts';
import { checkPolicy, defaultPolicy } from './policies.ts';
import { metadataShape } from './shapes.ts';
import { mergeTags } from './tags.ts';

const longestDescription = 8_192;

/** What is not made here is refused, not made as something else. */
function refuseOtherKinds(input: CreateKeyRequest): void {
  const spec = input.KeySpec ?? input.CustomerMasterKeySpec ?? 'SYMMETRIC_DEFAULT';
  if (spec !== 'SYMMETRIC_DEFAULT')
    throw kmsErrors.unsupported(`KeySpec ${spec} is not available: SYMMETRIC_DEFAULT is.`);
  const usage = input.KeyUsage ?? 'ENCRYPT_DECRYPT';
  if (usage !== 'ENCRYPT_DECRYPT')
    throw kmsErrors.unsupported(`KeyUsage ${usage} is not available: ENCRYPT_DECRYPT is.`);
  const origin = input.Origin ?? 'AWS_KMS';
  if (origin !== 'AWS_KMS') throw kmsErrors.unsupported(`Origin ${origin} is not available: AWS_KMS is.`);
  if (input.MultiRegion === true) throw kmsErrors.unsupported('Multi-Region keys are not available.');
  if (input.CustomKeyStoreId !== undefined || input.XksKeyId !== undefined) {
    throw kmsErrors.unsupported('Custom key stores are not available.');
  }
}

export const createKey = (core: KeysCore) =>
  operation<CreateKeyRequest, CreateKeyResponse>({
    name: 'CreateKey',
    schema: CreateKey$,
    effect: 'write',
    access: (_input, call) => ({ resources: [{ arn: '*', account: call.principal.account }] }),
    async handle(input, call) {
      refuseOtherKinds(input);
      checkLength(input.Description ?? '', 'description', 0, longestDescription);
      const { account } = call.principal;
      const policy = input.Policy ?? defaultPolicy(account);
      if (input.Policy !== undefined) {
        await checkPolicy(core, call, policy, input.BypassPolicyLockoutSafetyCheck === true);
      }
      const tags = mergeTags([], input.Tags);
      return {
        KeyMetadata: metadataShape(
          await insertKey(core, account, { description: input.Description ?? '', policy, tags }),
        ),
      };
    },
  });

export const describeKey = (core: KeysCore) =>
  keyOperation<DescribeKeyRequest, DescribeKeyResponse>(core, {
    name: 'DescribeKey',
    schema: DescribeKey$,
    effect: 'read',
    handle: (_input, key) => Promise.resolve({ KeyMetadata: metadataShape(key) }),
  });

export const listKeys = (core: KeysCore) =>
  operation<ListKeysRequest, ListKeysResponse>({
    name: 'ListKeys',
    schema: ListKeys$,
    effect: 'read',
    access: (_input, call) => ({ resources: [{ arn: '*', account: call.principal.account }] }),
    async handle(input, call) {
      const page = readPage(input);
      const { items, rest } = toPage(
        await keysOf(core, call.principal.account, page.after, page.size + 1),
        page,
        (key) => key.id,
      );
      return { Keys: items.map((key) => ({ KeyId: key.id, KeyArn: key.arn })), ...rest };
    },
  });

export const updateKeyDescription = (core: KeysCore) =>
  keyOperation<UpdateKeyDescriptionRequest, object>(core, {
    name: 'UpdateKeyDescription',
    schema: UpdateKeyDescription$,
    effect: 'write',
    ownAccountOnly: true,
    async handle(input, key) {
      const description = input.Description ?? '';
      checkLength(description, 'description', 0, longestDescription);
      await changeKey(core, key.id, () => ({ set: sql`description = ${description}` }));
      return {};
    },
  });
