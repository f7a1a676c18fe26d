// The objects of the bucket: the few calls that the store needs, with their failures told apart.
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { Readable } from 'node:stream';
import type { S3Limits } from './client.ts';
import { isBeyondEnd, isConflict, isNoObject } from './failures.ts';

export interface ObjectHead {
  readonly size: number;
  readonly etag: string;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface OpenObject extends ObjectHead {
  /** `size` is the whole object's, whatever part of it this is. */
  readonly body: Readable;
}

export interface ListedObject {
  readonly key: string;
  /** Milliseconds since the epoch, by the store's clock. */
  readonly modifiedAt: number;
}

export interface GetOptions {
  /** To the end if `last` is left out. */
  readonly range?: { readonly first: number; readonly last?: number };
  /** Only this version of the object. */
  readonly ifMatch?: string;
}

export interface PutOptions {
  readonly metadata?: Readonly<Record<string, string>>;
  /** Only over this version; null: only where there is none. */
  readonly ifMatch?: string | null;
}

/** Another process wrote the object first. */
export class ObjectChangedError extends Error {
  override readonly name = 'ObjectChangedError';
}

export interface Bucket {
  head(key: string): Promise<ObjectHead | undefined>;
  /** Undefined if there is no such object. Throws a RangeError if the range begins beyond its end. */
  get(key: string, options?: GetOptions): Promise<OpenObject | undefined>;
  /** Resolves to the ETag. Throws `ObjectChangedError`. */
  put(key: string, body: Uint8Array, options?: PutOptions): Promise<string>;
  /** No error if there is none. */
  remove(key: string): Promise<void>;
  /** Inside the store, at most 5 GiB (a limit of S3). */
  copy(from: string, to: string): Promise<void>;
  list(prefix: string): AsyncGenerator<ListedObject, void, undefined>;
}

export function openBucket(client: S3Client, name: string, limits: S3Limits): Bucket {
  const at = (key: string) => ({ Bucket: name, Key: key });
  return {
    async head(key) {
      try {
        const answer = await client.send(new HeadObjectCommand(at(key)));
        return { size: answer.ContentLength ?? 0, etag: answer.ETag ?? '', metadata: answer.Metadata ?? {} };
      } catch (error) {
        if (isNoObject(error)) return undefined;
        throw error;
      }
    },

    async get(key, { range, ifMatch } = {}) {
      const Range = range && `bytes=${range.first}-${range.last ?? ''}`;
      try {
        const answer = await client.send(
          new GetObjectCommand({ ...at(key), ...(Range && { Range }), ...(ifMatch && { IfMatch: ifMatch }) }),
        );
        const { Body: body, ETag: etag = '', Metadata: metadata = {}, ContentLength: length = 0 } = answer;
        if (!(body instanceof Readable)) throw new Error('The answer has no body');
        const total = /\/(\d+)$/.exec(answer.ContentRange ?? '')?.[1];
        return { body, etag, metadata, size: total === undefined ? length : Number(total) };
      } catch (error) {
        if (isNoObject(error)) return undefined;
        if (isConflict(error)) throw new ObjectChangedError();
        if (isBeyondEnd(error)) throw new RangeError(`The range begins beyond the end of ${key}`);
        throw error;
      }
    },

    async put(key, body, { metadata, ifMatch } = {}) {
      const condition = ifMatch === null ? { IfNoneMatch: '*' } : ifMatch !== undefined && { IfMatch: ifMatch };
      try {
        const answer = await client.send(
          new PutObjectCommand({
            ...at(key),
            Body: body,
            ContentLength: body.length,
            ContentType: 'application/octet-stream',
            ...(metadata && { Metadata: { ...metadata } }),
            ...condition,
          }),
        );
        return answer.ETag ?? '';
      } catch (error) {
        if (isConflict(error) || (condition && isNoObject(error))) throw new ObjectChangedError();
        throw error;
      }
    },

    async remove(key) {
      try {
        await client.send(new DeleteObjectCommand(at(key)));
      } catch (error) {
        if (!isNoObject(error)) throw error;
      }
    },

    async copy(from, to) {
      const command = new CopyObjectCommand({ ...at(to), CopySource: copySource(name, from) });
      await client.send(command, { requestTimeout: limits.moveMs });
    },

    async *list(prefix) {
      let token: string | undefined;
      do {
        const page = await client.send(
          new ListObjectsV2Command({ Bucket: name, Prefix: prefix, ...(token && { ContinuationToken: token }) }),
        );
        for (const { Key: key, LastModified: at } of page.Contents ?? []) {
          if (key !== undefined) yield { key, modifiedAt: at?.getTime() ?? 0 };
        }
        token = page.IsTruncated ? page.NextContinuationToken : undefined;
      } while (token !== undefined);
    },
  };
}

/** How copies name their source: path segments encoded, slashes as they are. */
export function copySource(bucket: string, key: string): string {
  return `${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`;
}
