// Repository creation templates: with what settings a repository is made that somebody's push or pull makes (ECR user
// guide, "Repository creation templates"). A template is for the names under its prefix; the longest prefix wins.
import type { AccountId } from '@longshore/base';
import { type Store, sql, sqlList, type View } from '@longshore/store';
import type { Core } from './core.ts';
import { RegistryError } from './errors.ts';
import type { RepositoryRef } from './names.ts';
import type { NewRepository, RepositorySettings, ResourceTag, TagMutability } from './repository.ts';

export type CreationScenario = 'REPLICATION' | 'PULL_THROUGH_CACHE' | 'CREATE_ON_PUSH';

/** Every member validated when the template was put. */
export interface TemplateBody {
  /** As it was written: `prod`, `prod/` or `ROOT`. */
  readonly prefix: string;
  readonly description?: string | undefined;
  readonly tagMutability: TagMutability;
  readonly settings: RepositorySettings;
  readonly tags: readonly ResourceTag[];
  readonly policyText?: string | undefined;
  readonly lifecyclePolicy?: string | undefined;
  readonly appliedFor: readonly CreationScenario[];
  readonly customRoleArn?: string | undefined;
}

export interface Template extends TemplateBody {
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

interface TemplateRow {
  readonly body: string;
  readonly created_at: number;
  readonly updated_at: number;
}

const root = 'ROOT';

/** "There is always an assumed / applied to the end of the prefix." */
export function templateKey(prefix: string): string {
  return prefix.replace(/\/$/, '');
}

function toTemplate(row: TemplateRow): Template {
  return { ...(JSON.parse(row.body) as TemplateBody), createdAt: row.created_at, updatedAt: row.updated_at };
}

/** The keys of templates that are for `name`, the most specific first. Pure. */
export function templateKeysFor(name: string): string[] {
  const parts = name.split('/');
  const prefixes = parts.slice(0, -1).map((_, i) => parts.slice(0, parts.length - 1 - i).join('/'));
  return [...prefixes, root];
}

export async function findTemplate(view: View, account: AccountId, prefix: string): Promise<Template | undefined> {
  const row = await view.get<TemplateRow>(
    sql`SELECT body, created_at, updated_at FROM registry_templates
      WHERE account = ${account} AND prefix = ${templateKey(prefix)}`,
  );
  return row && toTemplate(row);
}

const plain: NewRepository = { tagMutability: 'MUTABLE', settings: {}, tags: [] };

/** What a repository that `scenario` makes is to be like; the defaults where no template is for it. */
export async function templateFor(view: View, ref: RepositoryRef, scenario: CreationScenario): Promise<NewRepository> {
  const keys = templateKeysFor(ref.name);
  const rows = await view.all<TemplateRow & { prefix: string }>(
    sql`SELECT prefix, body, created_at, updated_at FROM registry_templates
      WHERE account = ${ref.account} AND prefix IN (${sqlList(keys)})`,
  );
  const byKey = new Map(rows.map((row) => [row.prefix, toTemplate(row)]));
  const chosen = keys.map((key) => byKey.get(key)).find((each) => each?.appliedFor.includes(scenario));
  if (!chosen) return plain;
  const { tagMutability, settings, tags, policyText, lifecyclePolicy } = chosen;
  return { tagMutability, settings, tags, policyText, lifecyclePolicy };
}

/** Throws templateExists or quotaExceeded. */
export async function createTemplate(core: Core, account: AccountId, body: TemplateBody): Promise<Template> {
  const now = core.clock.now();
  const most = core.quotas.templatesPerRegistry;
  const held = await core.store.get<{ n: number }>(
    sql`SELECT COUNT(*) AS n FROM registry_templates WHERE account = ${account}`,
  );
  if ((held?.n ?? 0) >= most) {
    throw new RegistryError('quotaExceeded', `A registry may have ${most} repository creation templates at most.`);
  }
  await core.store.write([
    {
      sql: sql`INSERT INTO registry_templates (account, prefix, body, created_at, updated_at)
        VALUES (${account}, ${templateKey(body.prefix)}, ${JSON.stringify(body)}, ${now}, ${now})`,
      otherwise: () =>
        new RegistryError('templateExists', `The repository creation template '${body.prefix}' already exists.`),
    },
  ]);
  return { ...body, createdAt: now, updatedAt: now };
}

function unknown(prefix: string): RegistryError {
  return new RegistryError('templateUnknown', `The repository creation template '${prefix}' does not exist.`);
}

/** Changes what `change` returns. Throws templateUnknown. */
export async function changeTemplate(
  core: Core,
  account: AccountId,
  prefix: string,
  change: (held: Template) => TemplateBody,
): Promise<Template> {
  return core.store.update(async (view) => {
    const held = await findTemplate(view, account, prefix);
    if (!held) throw unknown(prefix);
    const body = change(held);
    const updatedAt = Math.max(core.clock.now(), held.updatedAt + 1);
    const step = {
      sql: sql`UPDATE registry_templates SET body = ${JSON.stringify(body)}, updated_at = ${updatedAt}
        WHERE account = ${account} AND prefix = ${templateKey(prefix)} AND updated_at = ${held.updatedAt}`,
      expect: 1,
    };
    return { steps: [step], result: { ...body, createdAt: held.createdAt, updatedAt } };
  });
}

/** Throws templateUnknown. */
export async function deleteTemplate(store: Store, account: AccountId, prefix: string): Promise<Template> {
  const held = await findTemplate(store, account, prefix);
  if (!held) throw unknown(prefix);
  await store.write([
    {
      sql: sql`DELETE FROM registry_templates WHERE account = ${account} AND prefix = ${templateKey(prefix)}`,
      expect: 1,
      otherwise: () => unknown(prefix),
    },
  ]);
  return held;
}

/** Up to `count` templates after the key `after`, by prefix. */
export async function listTemplates(view: View, account: AccountId, after: string, count: number): Promise<Template[]> {
  const rows = await view.all<TemplateRow>(
    sql`SELECT body, created_at, updated_at FROM registry_templates
      WHERE account = ${account} AND prefix > ${after} ORDER BY prefix LIMIT ${count}`,
  );
  return rows.map(toTemplate);
}
