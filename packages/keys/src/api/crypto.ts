// Encrypt, Decrypt, ReEncrypt, GenerateDataKey, GenerateDataKeyWithoutPlaintext, GenerateRandom.
import { randomBytes } from 'node:crypto';
import {
  Decrypt$,
  type DecryptRequest,
  type DecryptResponse,
  Encrypt$,
  type EncryptRequest,
  type EncryptResponse,
  GenerateDataKey$,
  type GenerateDataKeyRequest,
  type GenerateDataKeyResponse,
  GenerateDataKeyWithoutPlaintext$,
  type GenerateDataKeyWithoutPlaintextRequest,
  type GenerateDataKeyWithoutPlaintextResponse,
  GenerateRandom$,
  type GenerateRandomRequest,
  type GenerateRandomResponse,
  ReEncrypt$,
  type ReEncryptRequest,
  type ReEncryptResponse,
} from '@aws-sdk/client-kms';
import { type AccessRequest, AwsError, type CallContext, operation } from '@longshore/aws';
import { type EncryptionContext, readHead } from '../ciphertext.ts';
import type { KeysCore } from '../core.ts';
import { decryptWith, encryptWith, keyOfCiphertext } from '../crypto.ts';
import { kmsErrors } from '../errors.ts';
import type { Key } from '../keys.ts';
import { checkLength, keyAccess, keyNamed, keyOperation, readContext } from './kms-operation.ts';
import { materialId } from './shapes.ts';

const algorithm = 'SYMMETRIC_DEFAULT';

function checkAlgorithm(given: string | undefined): void {
  if (given !== undefined && given !== algorithm) {
    throw new AwsError('InvalidKeyUsageException', `${given} is not an algorithm of this key: ${algorithm} is.`);
  }
}

export const encrypt = (core: KeysCore) =>
  keyOperation<EncryptRequest, EncryptResponse>(core, {
    name: 'Encrypt',
    schema: Encrypt$,
    effect: 'read',
    async handle(input, key, _call, context) {
      checkAlgorithm(input.EncryptionAlgorithm);
      const plaintext = input.Plaintext ?? new Uint8Array(0);
      checkLength(plaintext, 'plaintext', 1, 4096);
      return {
        CiphertextBlob: await encryptWith(core, key, plaintext, context),
        KeyId: key.arn,
        EncryptionAlgorithm: algorithm,
      };
    },
  });

/** The key of a ciphertext. If the caller names one too, it must be the same. */
async function cipherKey(
  core: KeysCore,
  call: CallContext,
  blob: Uint8Array | undefined,
  named: string | undefined,
): Promise<{ readonly key: Key; readonly blob: Uint8Array }> {
  checkLength(blob, 'ciphertextBlob', 1, 6144);
  const bytes = blob ?? new Uint8Array(0);
  const key = await keyOfCiphertext(core, bytes);
  if (named !== undefined && (await keyNamed(core, call, named)).id !== key.id) throw kmsErrors.incorrectKey();
  return { key, blob: bytes };
}

/** On the key that the ciphertext names; one that is of no key here opens for nobody. */
async function cipherAccess(
  core: KeysCore,
  call: CallContext,
  input: { readonly blob: Uint8Array | undefined; readonly named: string | undefined },
  context: EncryptionContext,
): Promise<AccessRequest> {
  if (input.named !== undefined) return keyAccess(core, call, input.named, context);
  checkLength(input.blob, 'ciphertextBlob', 1, 6144);
  const key = await keyOfCiphertext(core, input.blob ?? new Uint8Array(0));
  return keyAccess(core, call, key.arn, context);
}

export const decrypt = (core: KeysCore) =>
  operation<DecryptRequest, DecryptResponse>({
    name: 'Decrypt',
    schema: Decrypt$,
    effect: 'read',
    access: (input, call) =>
      cipherAccess(
        core,
        call,
        { blob: input.CiphertextBlob, named: input.KeyId },
        readContext(input.EncryptionContext),
      ),
    async handle(input, call) {
      checkAlgorithm(input.EncryptionAlgorithm);
      if (input.Recipient !== undefined) throw kmsErrors.unsupported('Recipient is not available.');
      const { key, blob } = await cipherKey(core, call, input.CiphertextBlob, input.KeyId);
      if (input.DryRun === true) throw kmsErrors.dryRun();
      const Plaintext = await decryptWith(core, key, blob, readContext(input.EncryptionContext));
      const KeyMaterialId = materialId(key, readHead(blob).material);
      return { KeyId: key.arn, Plaintext, EncryptionAlgorithm: algorithm, KeyMaterialId };
    },
  });

export const reEncrypt = (core: KeysCore) =>
  operation<ReEncryptRequest, ReEncryptResponse>({
    name: 'ReEncrypt',
    schema: ReEncrypt$,
    effect: 'read',
    async access(input, call) {
      const context = readContext(input.SourceEncryptionContext);
      const from = { blob: input.CiphertextBlob, named: input.SourceKeyId };
      return { action: 'kms:ReEncryptFrom', ...(await cipherAccess(core, call, from, context)) };
    },
    async handle(input, call) {
      checkAlgorithm(input.SourceEncryptionAlgorithm);
      checkAlgorithm(input.DestinationEncryptionAlgorithm);
      const context = readContext(input.DestinationEncryptionContext);
      await call.authorize({
        action: 'kms:ReEncryptTo',
        ...(await keyAccess(core, call, input.DestinationKeyId, context)),
      });
      const source = await cipherKey(core, call, input.CiphertextBlob, input.SourceKeyId);
      const target = await keyNamed(core, call, input.DestinationKeyId);
      if (input.DryRun === true) throw kmsErrors.dryRun();
      const plain = await decryptWith(core, source.key, source.blob, readContext(input.SourceEncryptionContext));
      return {
        CiphertextBlob: await encryptWith(core, target, plain, context),
        SourceKeyId: source.key.arn,
        KeyId: target.arn,
        SourceEncryptionAlgorithm: algorithm,
        DestinationEncryptionAlgorithm: algorithm,
        SourceKeyMaterialId: materialId(source.key, readHead(source.blob).material),
        DestinationKeyMaterialId: materialId(target, target.material),
      };
    },
  });

interface DataKeyInput {
  readonly NumberOfBytes?: number | undefined;
  readonly KeySpec?: string | undefined;
}

function dataKeyBytes({ NumberOfBytes, KeySpec }: DataKeyInput): number {
  if ((NumberOfBytes === undefined) === (KeySpec === undefined)) {
    throw kmsErrors.validation('Please specify either number of bytes or key spec.');
  }
  if (KeySpec === 'AES_256') return 32;
  if (KeySpec === 'AES_128') return 16;
  if (NumberOfBytes === undefined || !Number.isInteger(NumberOfBytes) || NumberOfBytes < 1 || NumberOfBytes > 1024) {
    throw kmsErrors.validation('NumberOfBytes must be 1 to 1024, KeySpec AES_256 or AES_128.');
  }
  return NumberOfBytes;
}

export const generateDataKey = (core: KeysCore) =>
  keyOperation<GenerateDataKeyRequest, GenerateDataKeyResponse>(core, {
    name: 'GenerateDataKey',
    schema: GenerateDataKey$,
    effect: 'read',
    async handle(input, key, _call, context) {
      if (input.Recipient !== undefined) throw kmsErrors.unsupported('Recipient is not available.');
      const Plaintext = randomBytes(dataKeyBytes(input));
      const CiphertextBlob = await encryptWith(core, key, Plaintext, context);
      return { CiphertextBlob, Plaintext, KeyId: key.arn, KeyMaterialId: materialId(key, key.material) };
    },
  });

export const generateDataKeyWithoutPlaintext = (core: KeysCore) =>
  keyOperation<GenerateDataKeyWithoutPlaintextRequest, GenerateDataKeyWithoutPlaintextResponse>(core, {
    name: 'GenerateDataKeyWithoutPlaintext',
    schema: GenerateDataKeyWithoutPlaintext$,
    effect: 'read',
    async handle(input, key, _call, context) {
      const CiphertextBlob = await encryptWith(core, key, randomBytes(dataKeyBytes(input)), context);
      return { CiphertextBlob, KeyId: key.arn, KeyMaterialId: materialId(key, key.material) };
    },
  });

export const generateRandom = () =>
  operation<GenerateRandomRequest, GenerateRandomResponse>({
    name: 'GenerateRandom',
    schema: GenerateRandom$,
    effect: 'read',
    access: (_input, call) => ({ resources: [{ arn: '*', account: call.principal.account }] }),
    async handle(input) {
      if (input.CustomKeyStoreId !== undefined || input.Recipient !== undefined) {
        throw kmsErrors.unsupported('Custom key stores and Recipient are not available.');
      }
      return { Plaintext: randomBytes(dataKeyBytes({ NumberOfBytes: input.NumberOfBytes ?? 0 })) };
    },
  });
