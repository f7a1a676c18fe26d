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

/** In order: the first that fits. */
const patterns: readonly (readonly [RegExp, (name: string, item: string) => Route])[] = [
  [/^\/v2\/_layers\/([^/]+)$/, (item) => ({ kind: 'download', item })],
  [/^\/v2\/(.+)\/blobs\/uploads\/?$/, (name) => ({ kind: 'uploads', name })],
  [/^\/v2\/(.+)\/blobs\/uploads\/([^/]+)$/, (name, item) => ({ kind: 'upload', name, item })],
  [/^\/v2\/(.+)\/blobs\/([^/]+)$/, (name, item) => ({ kind: 'blob', name, item })],
  [/^\/v2\/(.+)\/manifests\/([^/]+)$/, (name, item) => ({ kind: 'manifest', name, item })],
  [/^\/v2\/(.+)\/referrers\/([^/]+)$/, (name, item) => ({ kind: 'referrers', name, item })],
  [/^\/v2\/(.+)\/tags\/list$/, (name) => ({ kind: 'tags', name })],
];

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
  for (const [pattern, make] of patterns) {
    const match = pattern.exec(path);
    if (match) return make(match[1] ?? '', match[2] ?? '');
  }
  return undefined;
}
