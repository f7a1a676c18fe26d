// Where an image comes from, as far as its reference tells.

export interface ImageRegistry {
  /** `host` or `host:port`. */
  readonly host: string;
  /** The account whose repository it is, where the path (or an ECR host name) says so. */
  readonly account: string | undefined;
}

const ecrHost = /^([0-9]{12})\.dkr\.ecr[.-]/;

/** The registry of an image reference; undefined for Docker Hub's short names. */
export function imageRegistry(image: string): ImageRegistry | undefined {
  const slash = image.indexOf('/');
  if (slash < 0) return undefined;
  const host = image.slice(0, slash);
  if (!host.includes('.') && !host.includes(':') && host !== 'localhost') return undefined;
  const path = image.slice(slash + 1);
  const account = ecrHost.exec(host)?.[1] ?? /^([0-9]{12})\//.exec(path)?.[1];
  return { host, account };
}
