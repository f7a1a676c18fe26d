// CreateAlias, UpdateAlias, DeleteAlias, ListAliases.
import {
  type AliasListEntry,
  CreateAlias$,
  type CreateAliasRequest,
  DeleteAlias$,
  type DeleteAliasRequest,
  ListAliases$,
  type ListAliasesRequest,
  type ListAliasesResponse,
  UpdateAlias$,
  type UpdateAliasRequest,
} from '@aws-sdk/client-kms';
import { type AccessResource, type CallContext, operation } from '@longshore/aws';
import { type AccountId, formatArn } from '@longshore/base';
import { sql } from '@longshore/store';
import type { KeysCore } from '../core.ts';
import { kmsErrors } from '../errors.ts';
import { aliasPattern, findKey, type Key, requireUsable } from '../keys.ts';
import { keyAccess, keyNamed, readPage, toPage } from './kms-operation.ts';

const aliasesPerKey = 50;

function aliasArn(core: KeysCore, account: AccountId, name: string): string {
  return formatArn({ service: 'kms', region: core.region, account, resource: name });
}

function checkAlias(name: string | undefined): string {
  if (name === undefined || !aliasPattern.test(name)) {
    throw kmsErrors.invalidAlias('An alias begins with alias/ and goes on with 1 to 250 of a-z, A-Z, 0-9, / _ -.');
  }
  if (name.startsWith('alias/aws/')) throw kmsErrors.invalidAlias('Aliases that begin with alias/aws/ are reserved.');
  return name;
}

/** On the alias by the caller's policies, and on the key by the key's. */
async function aliasAccess(core: KeysCore, call: CallContext, alias: string | undefined, keyId: string | undefined) {
  const { account } = call.principal;
  const resource: AccessResource = { arn: aliasArn(core, account, checkAlias(alias)), account };
  const { resources } = await keyAccess(core, call, keyId);
  return { resources: [resource, ...resources] };
}

async function ownKey(core: KeysCore, call: CallContext, keyId: string | undefined): Promise<Key> {
  const key = await keyNamed(core, call, keyId);
  if (key.account !== call.principal.account) throw kmsErrors.keyNotFound(key.arn);
  if (key.deletionAt !== undefined) requireUsable(key);
  return key;
}

export const createAlias = (core: KeysCore) =>
  operation<CreateAliasRequest, object>({
    name: 'CreateAlias',
    schema: CreateAlias$,
    effect: 'write',
    access: (input, call) => aliasAccess(core, call, input.AliasName, input.TargetKeyId),
    async handle(input, call) {
      const name = checkAlias(input.AliasName);
      const key = await ownKey(core, call, input.TargetKeyId);
      const { account } = call.principal;
      await core.store.update(async (view) => {
        const held = await view.get<{ n: number }>(sql`SELECT COUNT(*) AS n FROM kms_aliases WHERE key_id = ${key.id}`);
        if ((held?.n ?? 0) >= aliasesPerKey) throw kmsErrors.limit(`A key may have ${aliasesPerKey} aliases.`);
        const insert = {
          sql: sql`INSERT INTO kms_aliases (account, name, key_id, created_at, updated_at)
            VALUES (${account}, ${name}, ${key.id}, ${call.now}, ${call.now})`,
          otherwise: () => kmsErrors.aliasExists(aliasArn(core, account, name)),
        };
        return { steps: [insert], result: undefined };
      });
      return {};
    },
  });

export const updateAlias = (core: KeysCore) =>
  operation<UpdateAliasRequest, object>({
    name: 'UpdateAlias',
    schema: UpdateAlias$,
    effect: 'write',
    async access(input, call) {
      const { resources } = await aliasAccess(core, call, input.AliasName, input.TargetKeyId);
      const held = await findKey(core, {
        account: call.principal.account,
        kind: 'alias',
        name: checkAlias(input.AliasName),
      });
      // Both keys' policies must agree: the one that loses the alias and the one that gets it.
      const losing = held ? (await keyAccess(core, call, held.id)).resources : [];
      return { resources: [...resources, ...losing] };
    },
    async handle(input, call) {
      const name = checkAlias(input.AliasName);
      const key = await ownKey(core, call, input.TargetKeyId);
      const arn = aliasArn(core, call.principal.account, name);
      await core.store.write([
        {
          sql: sql`UPDATE kms_aliases SET key_id = ${key.id}, updated_at = ${call.now}
            WHERE account = ${call.principal.account} AND name = ${name}`,
          expect: 1,
          otherwise: () => kmsErrors.notFound(`Alias ${arn}`),
        },
      ]);
      return {};
    },
  });

export const deleteAlias = (core: KeysCore) =>
  operation<DeleteAliasRequest, object>({
    name: 'DeleteAlias',
    schema: DeleteAlias$,
    effect: 'write',
    async access(input, call) {
      const { account } = call.principal;
      const name = checkAlias(input.AliasName);
      const held = await findKey(core, { account, kind: 'alias', name });
      const onKey = held ? (await keyAccess(core, call, held.id)).resources : [];
      return { resources: [{ arn: aliasArn(core, account, name), account }, ...onKey] };
    },
    async handle(input, call) {
      const { account } = call.principal;
      const name = checkAlias(input.AliasName);
      await core.store.write([
        {
          sql: sql`DELETE FROM kms_aliases WHERE account = ${account} AND name = ${name}`,
          expect: 1,
          otherwise: () => kmsErrors.notFound(`Alias ${aliasArn(core, account, name)}`),
        },
      ]);
      return {};
    },
  });

interface AliasRow {
  readonly name: string;
  readonly key_id: string;
  readonly created_at: number;
  readonly updated_at: number;
}

export const listAliases = (core: KeysCore) =>
  operation<ListAliasesRequest, ListAliasesResponse>({
    name: 'ListAliases',
    schema: ListAliases$,
    effect: 'read',
    access: (_input, call) => ({ resources: [{ arn: '*', account: call.principal.account }] }),
    async handle(input, call) {
      const { account } = call.principal;
      const page = readPage(input);
      const key = input.KeyId === undefined ? undefined : await ownKeyOf(core, call, input.KeyId);
      const ofKey = key ? sql`AND key_id = ${key.id}` : sql``;
      const rows = await core.store.all<AliasRow>(
        sql`SELECT name, key_id, created_at, updated_at FROM kms_aliases
          WHERE account = ${account} AND name > ${page.after} ${ofKey} ORDER BY name LIMIT ${page.size + 1}`,
      );
      const { items, rest } = toPage(rows, page, (row) => row.name);
      const shape = (row: AliasRow): AliasListEntry => ({
        AliasName: row.name,
        AliasArn: aliasArn(core, account, row.name),
        TargetKeyId: row.key_id,
        CreationDate: new Date(row.created_at),
        LastUpdatedDate: new Date(row.updated_at),
      });
      return { Aliases: items.map(shape), ...rest };
    },
  });

async function ownKeyOf(core: KeysCore, call: CallContext, keyId: string): Promise<Key> {
  const key = await keyNamed(core, call, keyId);
  if (key.account !== call.principal.account) throw kmsErrors.keyNotFound(key.arn);
  return key;
}
