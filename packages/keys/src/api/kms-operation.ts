// What the operations of KMS have in common: the key that their input names, the condition keys, and paging.
import { type AccessRequest, type AnyOperation, type CallContext, type Operation, operation } from '@longshore/aws';
import type { EncryptionContext } from '../ciphertext.ts';
import type { KeysCore } from '../core.ts';
import { kmsErrors } from '../errors.ts';
import { findKey, type Key, keyResource, parseKeyName } from '../keys.ts';

const contextBytesMost = 8_192;

/** A checked encryption context. Throws ValidationException. */
export function readContext(given: Readonly<Record<string, string | undefined>> | undefined): EncryptionContext {
  const context: Record<string, string> = {};
  let size = 0;
  for (const [key, value] of Object.entries(given ?? {})) {
    if (key === '' || value === undefined) throw kmsErrors.validation('An encryption context has keys and values.');
    size += key.length + value.length;
    context[key] = value;
  }
  if (size > contextBytesMost) throw kmsErrors.validation('The encryption context is too large.');
  return context;
}

/** Condition keys of an encryption context (KMS developer guide, "kms:EncryptionContext:"). */
export function contextConditions(context: EncryptionContext): Record<string, string | readonly string[]> {
  const entries = Object.entries(context).map(([key, value]) => [`kms:EncryptionContext:${key}`, value] as const);
  return {
    ...Object.fromEntries(entries),
    ...(entries.length > 0 && { 'kms:EncryptionContextKeys': Object.keys(context) }),
  };
}

/** The condition keys that every KMS operation has. */
export function commonConditions(account: string): Record<string, string> {
  return { 'kms:CallerAccount': account };
}

/** Length in bounds. Throws ValidationException. */
export function checkLength(value: Uint8Array | string | undefined, name: string, least: number, most: number): void {
  const length = value?.length ?? 0;
  if (length < least || length > most) {
    throw kmsErrors.validation(`1 validation error detected: ${name} must have a length of ${least} to ${most}.`);
  }
}

/** The key that `text` names. Throws NotFoundException only to callers of its own account. */
export async function keyNamed(core: KeysCore, call: CallContext, text: string | undefined): Promise<Key> {
  const name = parseKeyName(core, call.principal.account, text ?? '');
  const key = await findKey(core, name);
  if (!key) throw kmsErrors.keyNotFound(keyResource(core, call.principal.account, name, undefined).arn);
  return key;
}

/** What must be allowed on the key that `text` names. Another account's missing key is refused like a forbidden one. */
export async function keyAccess(
  core: KeysCore,
  call: CallContext,
  text: string | undefined,
  context: EncryptionContext = {},
): Promise<AccessRequest> {
  const name = parseKeyName(core, call.principal.account, text ?? '');
  const key = await findKey(core, name);
  const resource = keyResource(core, call.principal.account, name, key);
  if (!key && name.account === call.principal.account) throw kmsErrors.keyNotFound(resource.arn);
  const alias = name.kind === 'alias' ? { 'kms:RequestAlias': name.name } : {};
  return {
    resources: [resource],
    context: { ...contextConditions(context), ...commonConditions(call.principal.account), ...alias },
  };
}

interface KeyInput {
  readonly KeyId?: string | undefined;
  readonly EncryptionContext?: Readonly<Record<string, string>> | undefined;
  readonly DryRun?: boolean | undefined;
}

interface KeyOperation<I, O> extends Pick<Operation<I, O>, 'name' | 'schema' | 'effect'> {
  /** Operations on a key's administration are for its own account only. */
  readonly ownAccountOnly?: boolean;
  readonly handle: (input: I, key: Key, call: CallContext, context: EncryptionContext) => Promise<O>;
}

/** An operation on the one key that `KeyId` names. */
export function keyOperation<I extends KeyInput, O>(core: KeysCore, definition: KeyOperation<I, O>): AnyOperation {
  const { name, schema, effect } = definition;
  return operation<I, O>({
    name,
    schema,
    effect,
    access: (input, call) => keyAccess(core, call, input.KeyId, readContext(input.EncryptionContext)),
    async handle(input, call) {
      const key = await keyNamed(core, call, input.KeyId);
      if (definition.ownAccountOnly === true && key.account !== call.principal.account) {
        throw kmsErrors.keyNotFound(key.arn);
      }
      if (input.DryRun === true) throw kmsErrors.dryRun();
      return definition.handle(input, key, call, readContext(input.EncryptionContext));
    },
  });
}

export interface Page {
  readonly size: number;
  readonly after: string;
}

/** `Limit` is 1 to 1000, 100 if left out; `Marker` is what the page before answered. */
export function readPage(input: { readonly Limit?: number | undefined; readonly Marker?: string | undefined }): Page {
  const size = input.Limit ?? 100;
  if (!Number.isInteger(size) || size < 1 || size > 1000) throw kmsErrors.validation('Limit must be 1 to 1000.');
  if (input.Marker === undefined) return { size, after: '' };
  const after = Buffer.from(input.Marker.slice(0, 1024), 'base64url').toString();
  if (after === '' || Buffer.from(after).toString('base64url') !== input.Marker) throw kmsErrors.invalidMarker();
  return { size, after };
}

/** Cuts `items`, of which one more than the page was asked for, to a page. */
export function toPage<T>(items: readonly T[], { size }: Page, keyOf: (item: T) => string) {
  const kept = items.slice(0, size);
  const last = kept.at(-1);
  if (items.length <= size || last === undefined) return { items: kept, rest: { Truncated: false } };
  return { items: kept, rest: { Truncated: true, NextMarker: Buffer.from(keyOf(last)).toString('base64url') } };
}
