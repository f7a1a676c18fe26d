// Environment files in S3: only objects below the one prefix that this machine's operator names
// (`s3://BUCKET/PREFIX?endpoint=URL&region=NAME&profile=NAME`), read with the credentials of that profile, or as AWS SDKs
// find them. The client is loaded at the first use: few machines need it.
import { errorText, UserError } from '@longshore/base';
import { type ObjectReader, ResourceUnavailable } from './types.ts';

const maxBytes = 65_536;

interface Place {
  readonly bucket: string;
  readonly prefix: string;
  readonly region: string;
  readonly endpoint?: string | undefined;
  readonly profile?: string | undefined;
}

/** Throws `UserError`. */
export function parsePlace(text: string): Place {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 's3:' || url.hostname === '')
    throw new UserError(
      `The place of environment files ${text} is not understood.`,
      'It looks like s3://BUCKET/PREFIX?endpoint=URL&region=NAME&profile=NAME',
    );
  return {
    bucket: url.hostname,
    prefix: decodeURIComponent(url.pathname).replace(/^\/+/, ''),
    region: url.searchParams.get('region') ?? 'us-east-1',
    endpoint: url.searchParams.get('endpoint') ?? undefined,
    profile: url.searchParams.get('profile') ?? undefined,
  };
}

/** Bucket and key of an object's ARN (`arn:aws:s3:::BUCKET/KEY`); undefined for what is none. */
export function parseObjectArn(arn: string): { readonly bucket: string; readonly key: string } | undefined {
  const match = /^arn:aws[a-z-]*:s3:::([a-z0-9.-]{3,63})\/(.{1,1024})$/.exec(arn);
  return match?.[1] && match[2] ? { bucket: match[1], key: match[2] } : undefined;
}

async function openClient(place: Place) {
  const { GetObjectCommand, S3Client } = await import('@aws-sdk/client-s3');
  const client = new S3Client({
    region: place.region,
    ...(place.endpoint && { endpoint: place.endpoint, forcePathStyle: true }),
    ...(place.profile && { profile: place.profile }),
    maxAttempts: 3,
    requestHandler: { requestTimeout: 15_000, connectionTimeout: 5_000 },
  });
  return async (key: string, abortSignal: AbortSignal) => {
    const { Body, ContentLength = 0 } = await client.send(
      new GetObjectCommand({ Bucket: place.bucket, Key: key, Range: `bytes=0-${maxBytes}` }),
      { abortSignal },
    );
    return { text: (await Body?.transformToString('utf-8')) ?? '', tooLong: ContentLength > maxBytes };
  };
}

export function s3Objects(where: string | undefined): ObjectReader {
  const place = where === undefined ? undefined : parsePlace(where);
  let opening: ReturnType<typeof openClient> | undefined;
  return async (arn, signal) => {
    const object = parseObjectArn(arn);
    if (!place) throw new ResourceUnavailable(`${arn}: this machine reads no environment files from S3`);
    if (object?.bucket !== place.bucket || !object.key.startsWith(place.prefix))
      throw new ResourceUnavailable(`${arn} is not below the place that this machine reads environment files from`);
    const get = await (opening ??= openClient(place));
    try {
      const { text, tooLong } = await get(object.key, signal);
      if (tooLong) throw new ResourceUnavailable(`${arn} is longer than ${maxBytes} bytes`);
      return text;
    } catch (error) {
      const status = (error as { readonly $metadata?: { readonly httpStatusCode?: number } }).$metadata?.httpStatusCode;
      // An empty object has no range: that is an empty file.
      if (status === 416) return '';
      if (status === undefined || status >= 500 || status === 429) throw error;
      throw new ResourceUnavailable(`unable to download the environment file ${arn}: ${errorText(error)}`);
    }
  };
}
