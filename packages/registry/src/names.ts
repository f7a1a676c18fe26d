// The grammar of names, tags and references (distribution-spec, "Pulling manifests"), and who a path's name belongs to.
import { type AccountId, type Digest, formatArn, parseAccountId, parseDigest } from '@longshore/base';
import { limits } from './limits.ts';

declare const brand: unique symbol;

/** A repository's name inside its account, validated. */
export type RepositoryName = string & { readonly [brand]: 'RepositoryName' };

/** A tag, validated. */
export type Tag = string & { readonly [brand]: 'Tag' };

/** A repository as its account and name; it need not exist. */
export interface RepositoryRef {
  readonly account: AccountId;
  readonly name: RepositoryName;
}

/** `arn:aws:ecr:REGION:ACCOUNT:repository/NAME`; the repository need not exist. */
export function repositoryArn(core: { readonly region: string }, ref: RepositoryRef): string {
  return formatArn({ service: 'ecr', region: core.region, account: ref.account, resource: `repository/${ref.name}` });
}

/** What the rows of an account are within (`Step.within`), beside those of each of its repositories. */
export function accountThing(account: AccountId): string {
  return account;
}

/** What a repository's rows are within: its own, its links, its manifests and its tags. */
export function repositoryThing({ account, name }: RepositoryRef): string {
  return `${account}/${name}`;
}

/** What a manifest is asked for by. */
export type Reference = { readonly digest: Digest } | { readonly tag: Tag };

const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const namePattern = new RegExp(`^${component}(?:/${component})*$`);
const tagPattern = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

/** The repository name in `text`, or undefined if it breaks the grammar or is not 2–255 characters long. */
export function parseRepositoryName(text: string): RepositoryName | undefined {
  if (text.length < limits.repositoryNameMin || text.length > limits.repositoryNameMax) return undefined;
  return namePattern.test(text) ? (text as RepositoryName) : undefined;
}

/** The tag in `text`, or undefined if it breaks the grammar or is longer than 128 characters. */
export function parseTag(text: string): Tag | undefined {
  return tagPattern.test(text) ? (text as Tag) : undefined;
}

/** A digest if there is a colon (no tag has one), else a tag; undefined if it is neither. */
export function parseReference(text: string): Reference | undefined {
  if (text.includes(':')) {
    const digest = parseDigest(text);
    return digest && { digest };
  }
  const tag = parseTag(text);
  return tag && { tag };
}

/**
 * Who a name in a path means: twelve digits first are an account, else it is the caller's own. Undefined if the rest is
 * no repository name.
 */
export function resolvePathName(text: string, caller: AccountId): RepositoryRef | undefined {
  const slash = text.indexOf('/');
  const account = slash === 12 ? parseAccountId(text.slice(0, slash)) : undefined;
  const name = parseRepositoryName(account ? text.slice(slash + 1) : text);
  return name && { account: account ?? caller, name };
}
