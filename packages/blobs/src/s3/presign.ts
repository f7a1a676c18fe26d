// URLs that let a client fetch one object without credentials for a while: Signature Version 4 in the query string (Amazon S3
// API reference, "Authenticating Requests: Using Query Parameters").
import { createHash, createHmac } from 'node:crypto';
import type { S3Location } from './location.ts';

export interface SigningKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

export function presignedUrl(location: S3Location, key: string, by: SigningKey, now: number, seconds: number): string {
  const url = objectUrl(location, key);
  const time = new Date(now).toISOString().replace(/[-:]|\.\d{3}/g, '');
  const date = time.slice(0, 8);
  const scope = `${date}/${location.region}/s3/aws4_request`;
  const query: [string, string][] = [
    ['X-Amz-Algorithm', 'AWS4-HMAC-SHA256'],
    ['X-Amz-Credential', `${by.accessKeyId}/${scope}`],
    ['X-Amz-Date', time],
    ['X-Amz-Expires', String(seconds)],
    ...(by.sessionToken === undefined ? [] : [['X-Amz-Security-Token', by.sessionToken] as [string, string]]),
    ['X-Amz-SignedHeaders', 'host'],
  ];
  const canonicalQuery = query.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&');
  const request = ['GET', url.pathname, canonicalQuery, `host:${url.host}\n`, 'host', 'UNSIGNED-PAYLOAD'].join('\n');
  const text = ['AWS4-HMAC-SHA256', time, scope, createHash('sha256').update(request).digest('hex')].join('\n');
  const signature = [date, location.region, 's3', 'aws4_request', text].reduce<string | Buffer>(
    (secret, part) => createHmac('sha256', secret).update(part).digest(),
    `AWS4${by.secretAccessKey}`,
  );
  return `${url.origin}${url.pathname}?${canonicalQuery}&X-Amz-Signature=${Buffer.from(signature).toString('hex')}`;
}

/** Keys are made of characters that need no encoding but, in a prefix, a few. */
function objectUrl({ bucket, region, endpoint, publicEndpoint, pathStyle }: S3Location, key: string): URL {
  const base = new URL(publicEndpoint ?? endpoint ?? `https://s3.${region}.amazonaws.com`);
  const path = key.split('/').map(encode).join('/');
  const root = base.pathname.replace(/\/$/, '');
  if (pathStyle) return new URL(`${base.origin}${root}/${bucket}/${path}`);
  return new URL(`${base.protocol}//${bucket}.${base.host}${root}/${path}`);
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}
