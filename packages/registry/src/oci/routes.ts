// The paths under `/v2/`. Names contain slashes, so a path is read from its end. Pure.

export type Route =
  | { readonly kind: 'base' | 'token' | 'catalog' }
  | { readonly kind: 'tags' | 'uploads'; readonly name: string }
  | { readonly kind: 'manifest' | 'blob' | 'referrers' | 'upload'; readonly name: string; readonly item: string }
  | { readonly kind: 'download'; readonly item: string };

const longestPath = 8_192;

const fixed: ReadonlyMap<string, Route> = new Map([
  ['/v2', { kind: 'base' }],
  ['/v2/', { kind: 'base' }],
  ['/v2/token', { kind: 'token' }],
  ['/v2/_catalog', { kind: 'catalog' }],
]);

const prefix = '/v2/';

/** `NAME/KIND` without its last part; undefined if it ends otherwise, or there is no name. */
function nameBefore(path: string, kind: string): string | undefined {
  return path.endsWith(kind) && path.length > prefix.length + kind.length
    ? path.slice(prefix.length, -kind.length)
    : undefined;
}

/** Of a path whose last part is `item` and what comes before it `head`. */
function routeOfItem(head: string, item: string): Route | undefined {
  const ofManifest = nameBefore(head, '/manifests');
  if (ofManifest !== undefined) return { kind: 'manifest', name: ofManifest, item };
  const ofUpload = nameBefore(head, '/blobs/uploads');
  if (ofUpload !== undefined) return { kind: 'upload', name: ofUpload, item };
  const ofBlob = nameBefore(head, '/blobs');
  if (ofBlob !== undefined) {
    return item === 'uploads' ? { kind: 'uploads', name: ofBlob } : { kind: 'blob', name: ofBlob, item };
  }
  const ofReferrers = nameBefore(head, '/referrers');
  if (ofReferrers !== undefined) return { kind: 'referrers', name: ofReferrers, item };
  const ofTags = item === 'list' ? nameBefore(head, '/tags') : undefined;
  return ofTags === undefined ? undefined : { kind: 'tags', name: ofTags };
}

function decode(path: string): string | undefined {
  if (!path.includes('%')) return path;
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

/** The route of a path without its query; undefined if there is none. Names and items are not validated yet. */
export function routeOf(rawPath: string): Route | undefined {
  const path = rawPath.length > longestPath ? undefined : decode(rawPath);
  if (path === undefined) return undefined;
  const known = fixed.get(path);
  if (known) return known;
  if (!path.startsWith(prefix)) return undefined;
  const slash = path.lastIndexOf('/');
  const head = path.slice(0, slash);
  const item = path.slice(slash + 1);
  // A session may be begun with or without a slash at the end.
  if (item === '') {
    const name = nameBefore(head, '/blobs/uploads');
    return name === undefined ? undefined : { kind: 'uploads', name };
  }
  return head === '/v2/_layers' ? { kind: 'download', item } : routeOfItem(head, item);
}
