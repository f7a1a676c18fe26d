// Where an S3 blob store is, from one URL: s3://BUCKET/PREFIX?endpoint=URL&region=NAME&path-style=true&redirect=true
// Credentials are not part of it: they come the way every AWS SDK finds them (environment, shared files, instance role).
import { UserError } from '@longshore/base';

export interface S3Location {
  readonly bucket: string;
  /** Before every key; empty, or ends with a slash. */
  readonly prefix: string;
  readonly region: string;
  /** Undefined: Amazon's own for the region. */
  readonly endpoint: string | undefined;
  /** `ENDPOINT/BUCKET/KEY` instead of `BUCKET.ENDPOINT/KEY`. */
  readonly pathStyle: boolean;
  /** Whether clients are sent to the bucket for the bytes of a blob. */
  readonly redirect: boolean;
  /** How clients reach the endpoint, if not as this program does. */
  readonly publicEndpoint: string | undefined;
}

const form = 's3://BUCKET/PREFIX?endpoint=URL&region=NAME&path-style=true&redirect=true&public-endpoint=URL';
const keys: ReadonlySet<string> = new Set(['endpoint', 'region', 'path-style', 'redirect', 'public-endpoint']);

/** Throws `UserError`. */
export function parseS3Location(text: string): S3Location {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 's3:') throw wrong('it must begin with s3://');
  const { searchParams: query } = url;
  if (url.username !== '' || url.password !== '' || url.port !== '' || url.hash !== '') {
    throw wrong('credentials and ports do not belong in it');
  }
  for (const key of query.keys()) if (!keys.has(key)) throw wrong(`there is no option ${key}`);
  const bucket = url.hostname;
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) throw wrong('the bucket name is malformed');
  const prefix = decodeURIComponent(url.pathname).replace(/^\/+|\/+$/g, '');
  if (!/^[A-Za-z0-9!_.*'()/-]{0,512}$/.test(prefix))
    throw wrong("the prefix may have letters, digits and !_.*'()-/ only");
  const endpoint = httpUrl(query.get('endpoint'), 'endpoint');
  return {
    bucket,
    prefix: prefix === '' ? '' : `${prefix}/`,
    region: query.get('region') ?? 'us-east-1',
    endpoint,
    pathStyle: truth(query.get('path-style'), 'path-style') ?? endpoint !== undefined,
    redirect: truth(query.get('redirect'), 'redirect') ?? false,
    publicEndpoint: httpUrl(query.get('public-endpoint'), 'public-endpoint'),
  };
}

function httpUrl(text: string | null, key: string): string | undefined {
  if (text === null) return undefined;
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol))
    throw wrong(`${key} must be an http or https URL`);
  return text.replace(/\/+$/, '');
}

function truth(text: string | null, key: string): boolean | undefined {
  if (text === null) return undefined;
  if (text !== 'true' && text !== 'false') throw wrong(`${key} must be true or false`);
  return text === 'true';
}

function wrong(why: string): UserError {
  return new UserError(`The URL of the S3 blob store is wrong: ${why}.`, `It looks like ${form}`);
}
