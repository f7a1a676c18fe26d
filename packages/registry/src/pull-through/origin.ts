// Where an upstream is: the text of a rule as an origin, and the other host where some public registries give out their
// tokens. Pure.

export interface Upstream {
  /** `https://host[:port]`, or http where that is allowed. */
  readonly origin: string;
  /** As in rules: `host[:port]`. */
  readonly host: string;
}

const hostPattern = /^(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/;

/** The names of this machine and its loopback addresses, as text: what may be asked without TLS. */
export function isLoopbackName(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname);
}

/** Docker Hub's name in images is not the host of its registry. */
const otherNames: Readonly<Record<string, string>> = {
  'docker.io': 'registry-1.docker.io',
  'index.docker.io': 'registry-1.docker.io',
};

/**
 * `host[:port]` with or without a scheme; without one it is https, or http on loopback. http is for loopback and for the
 * hosts (`host[:port]`) of `insecure`. Undefined if it is anything else: a path, a user, an address that reads in two ways.
 */
export function parseUpstream(text: string, insecure: ReadonlySet<string>): Upstream | undefined {
  const match = /^(?:(https?):\/\/)?([^/]{1,260})\/?$/.exec(text.toLowerCase());
  const given = match?.[2];
  if (!given || !hostPattern.test(given)) return undefined;
  const host = otherNames[given] ?? given;
  const mayBePlain = isLoopbackName(host.replace(/:\d+$/, '')) || insecure.has(host);
  const scheme = match[1] ?? (mayBePlain ? 'http' : 'https');
  if (scheme === 'http' && !mayBePlain) return undefined;
  if (!URL.canParse(`${scheme}://${host}`)) return undefined;
  const url = new URL(`${scheme}://${host}`);
  // `0x7f.1` and the like would be another host than the text says.
  if (url.hostname !== host.replace(/:\d+$/, '')) return undefined;
  return { origin: url.origin, host };
}

/** Registries whose tokens come from another host of the same owner. */
const tokenOrigins: Readonly<Record<string, string>> = {
  'https://registry-1.docker.io': 'https://auth.docker.io',
  'https://registry.gitlab.com': 'https://gitlab.com',
};

/**
 * Whether the upstream's password may be shown at `realm`: only to the upstream itself, to the host known to give out its
 * tokens, and to the one that the secret's owner named in the secret.
 */
export function mayShowPassword(origin: string, realm: string, named: string | undefined): boolean {
  return realm === origin || realm === tokenOrigins[origin] || (named !== undefined && realm === named);
}

const known: readonly (readonly [RegExp, string])[] = [
  [/^registry-1\.docker\.io$/, 'docker-hub'],
  [/^public\.ecr\.aws$/, 'ecr-public'],
  [/^quay\.io$/, 'quay'],
  [/^registry\.k8s\.io$/, 'k8s'],
  [/^ghcr\.io$/, 'github-container-registry'],
  [/\.azurecr\.(?:io|us|cn)$/, 'azure-container-registry'],
  [/^registry\.gitlab\.com$/, 'gitlab-container-registry'],
  [/^cgr\.dev$/, 'chainguard'],
  [/^\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?$/, 'ecr'],
];

/** ECR's name for a registry, where it has one. */
export function upstreamRegistryOf(host: string): string | undefined {
  return known.find(([pattern]) => pattern.test(host))?.[1];
}
