// Image references as Docker reads them: [host/]path[:tag][@digest].
import { parseDigest } from '@longshore/base';

export interface ImageReference {
  /** `docker.io` when the reference names no registry. */
  readonly host: string;
  /** The repository's path on that host. */
  readonly path: string;
  readonly tag?: string | undefined;
  readonly digest?: string | undefined;
  /** Host and path as written, which is how the Engine names it in `RepoDigests`. */
  readonly name: string;
}

/** The parts of `text`, or undefined if it is no image reference. A reference without tag and digest means `latest`. */
export function parseImageReference(text: string): ImageReference | undefined {
  if (text.length > 1024 || !/^[A-Za-z0-9]/.test(text) || /\s/.test(text)) return undefined;
  const at = text.indexOf('@');
  const digest = at < 0 ? undefined : text.slice(at + 1);
  if (digest !== undefined && !parseDigest(digest)) return undefined;
  const named = at < 0 ? text : text.slice(0, at);
  const colon = named.lastIndexOf(':');
  const hasTag = colon > named.lastIndexOf('/');
  const tag = hasTag ? named.slice(colon + 1) : undefined;
  if (tag !== undefined && !/^\w[\w.-]{0,127}$/.test(tag)) return undefined;
  const name = hasTag ? named.slice(0, colon) : named;
  const slash = name.indexOf('/');
  const first = slash < 0 ? '' : name.slice(0, slash);
  const isHost = first.includes('.') || first.includes(':') || first === 'localhost';
  const path = isHost ? name.slice(slash + 1) : name;
  if (!/^[a-z0-9]+(?:[._/-]+[a-z0-9]+)*$/.test(path)) return undefined;
  return { host: isHost ? first : 'docker.io', path, tag: tag ?? (digest ? undefined : 'latest'), digest, name };
}
