// Mounts (distribution-spec end-11): a blob of one repository becomes one of another without its bytes. With `from`, out
// of that repository; without, out of whichever of the caller's own account has it. What the caller may not pull is not
// there, and what does not succeed is an upload.
import type { Digest } from '@longshore/base';
import { accountSetting } from '../account-settings.ts';
import { findRegistryAccount } from '../accounts.ts';
import type { KnownLayer } from '../known-layers.ts';
import { findLayer, mountLayer, repositoriesLinking } from '../layers.ts';
import { resolvePathName } from '../names.ts';
import type { Repository } from '../repository.ts';
import { isAllowed, isInScope, scopeText } from './access.ts';
import type { OciCall } from './call.ts';
import { challenge } from './credentials.ts';

const readLayer = ['ecr:BatchCheckLayerAvailability', 'ecr:GetDownloadUrlForLayer'];

interface Mount {
  /** The target as the client wrote it. */
  readonly name: string;
  readonly target: Repository;
  readonly digest: Digest;
}

function wider(call: OciCall, name: string, source: string): Error {
  return challenge(call, `${scopeText(name, 'push')} ${scopeText(source, 'pull')}`, 'insufficient_scope');
}

async function mountFrom(call: OciCall, { name, target, digest }: Mount, from: string): Promise<boolean> {
  const ref = resolvePathName(from, call.caller.principal.account);
  if (!ref) return false;
  const { repository, layer } = await findLayer(call.core, ref, digest);
  if (!(await isAllowed(call, ref, repository, readLayer))) return false;
  if (!isInScope(call, ref, 'pull')) throw wider(call, name, from);
  return repository && layer ? mountLayer(call.core, repository, target, digest, layer) : false;
}

/** The repositories of the caller's own account that have the blob and that the caller may pull from, token scopes aside. */
async function* readable(call: OciCall, digest: Digest): AsyncGenerator<Repository> {
  for (const each of await repositoriesLinking(call.core.store, call.caller.principal.account, digest)) {
    if (await isAllowed(call, each, each, readLayer)) yield each;
  }
}

async function mountFromAnywhere(call: OciCall, mount: Mount): Promise<boolean> {
  let outOfScope: Repository | undefined;
  for await (const each of readable(call, mount.digest)) {
    if (isInScope(call, each, 'pull')) return mountFrom(call, mount, each.name);
    outOfScope ??= each;
  }
  return outOfScope ? mountFrom(call, mount, outOfScope.name) : false;
}

async function mayMount(call: OciCall, target: Repository): Promise<boolean> {
  const { settings } = await findRegistryAccount(call.core.store, target.account);
  return accountSetting(settings, 'BLOB_MOUNTING') === 'ENABLED';
}

/**
 * Whether what is pushed into `target` may be linked to what the caller can read elsewhere: in the caller's own account, and not in
 * an encrypted repository, which has bytes of its own of every layer.
 */
export async function mayLink(call: OciCall, target: Repository): Promise<boolean> {
  if (target.account !== call.caller.principal.account || target.settings.kmsKey !== undefined) return false;
  return mayMount(call, target);
}

/** Whether layers of `source`, a repository of the caller's own account, may be linked by what the caller pushes. */
export async function canLinkFrom(call: OciCall, source: Repository): Promise<boolean> {
  if (source.settings.kmsKey !== undefined || !isInScope(call, source, 'pull')) return false;
  return isAllowed(call, source, source, readLayer);
}

/** A repository of the caller's own account that has the layer, and that it may be linked from. */
export async function readableElsewhere(call: OciCall, digest: Digest): Promise<KnownLayer | undefined> {
  const { core, caller } = call;
  for (const each of await repositoriesLinking(core.store, caller.principal.account, digest)) {
    if (!(await canLinkFrom(call, each))) continue;
    const { layer } = await findLayer(core, each, digest);
    if (layer?.stored === digest) return { repository: each, digest, layer };
  }
  return undefined;
}

/**
 * Links a blob from a repository that the caller may pull from, unless the account's BLOB_MOUNTING is off. False in every
 * other case, for whatever reason. Throws a challenge if only the token's scopes are in the way, as clients expect: they come
 * back with a wider one.
 */
export async function tryMount(call: OciCall, mount: Mount, from: string | null): Promise<boolean> {
  if (!(await mayMount(call, mount.target))) return false;
  return from === null ? mountFromAnywhere(call, mount) : mountFrom(call, mount, from);
}
