// Multipart uploads: objects made of parts that are sent, or copied inside the store, one by one.
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  type S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { copySource } from './bucket.ts';
import type { S3Limits } from './client.ts';
import { isNoMultipart, isNoObject } from './failures.ts';

/** A part that the store has; its number is its place in the list, from 1. */
export interface Part {
  readonly size: number;
  readonly etag: string;
  readonly crc32?: string;
}

export interface Multipart {
  readonly key: string;
  readonly id: string;
}

export interface ListedMultipart extends Multipart {
  readonly startedAt: number;
}

export interface PartRange {
  readonly first: number;
  readonly last: number;
}

export interface Multiparts {
  /** `checked`: its parts are sent with checksums. Parts that are copied have none that all stores agree on. */
  begin(key: string, checked: boolean): Promise<Multipart>;
  send(to: Multipart, number: number, bytes: Uint8Array): Promise<Part>;
  copy(to: Multipart, number: number, from: string, range: PartRange): Promise<Part>;
  complete(upload: Multipart, parts: readonly Part[]): Promise<void>;
  /** No error if there is none. */
  abort(upload: Multipart): Promise<void>;
  list(prefix: string): AsyncGenerator<ListedMultipart, void, undefined>;
}

/** The store checks each part against this as it arrives, and the parts of a complete object against each other. */
const checksum = { ChecksumAlgorithm: 'CRC32' } as const;

export function openMultiparts(client: S3Client, bucket: string, limits: S3Limits): Multiparts {
  const at = ({ key, id }: Multipart) => ({ Bucket: bucket, Key: key, UploadId: id });
  return {
    async begin(key, checked) {
      const object = { Bucket: bucket, Key: key, ContentType: 'application/octet-stream' };
      const command = new CreateMultipartUploadCommand(checked ? { ...object, ...checksum } : object);
      const { UploadId: id } = await client.send(command);
      if (id === undefined) throw new Error('The answer names no upload');
      return { key, id };
    },

    async send(to, number, bytes) {
      const body = { PartNumber: number, Body: bytes, ContentLength: bytes.length, ...checksum };
      const answer = await client.send(new UploadPartCommand({ ...at(to), ...body }));
      return partOf(answer, bytes.length);
    },

    async copy(to, number, from, { first, last }) {
      const source = { CopySource: copySource(bucket, from), CopySourceRange: `bytes=${first}-${last}` };
      const command = new UploadPartCopyCommand({ ...at(to), PartNumber: number, ...source });
      const { CopyPartResult: result } = await client.send(command, { requestTimeout: limits.moveMs });
      return partOf({ ETag: result?.ETag }, last - first + 1);
    },

    async complete(upload, parts) {
      const Parts = parts.map(({ etag, crc32 }, index) => ({
        PartNumber: index + 1,
        ETag: etag,
        ...(crc32 === undefined ? {} : { ChecksumCRC32: crc32 }),
      }));
      const command = new CompleteMultipartUploadCommand({ ...at(upload), MultipartUpload: { Parts } });
      await client.send(command, { requestTimeout: limits.moveMs });
    },

    async abort(upload) {
      try {
        await client.send(new AbortMultipartUploadCommand(at(upload)));
      } catch (error) {
        if (!isNoMultipart(error) && !isNoObject(error)) throw error;
      }
    },

    async *list(prefix) {
      let after: { KeyMarker: string; UploadIdMarker: string } | undefined;
      do {
        const page = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix, ...after }));
        for (const { Key: key, UploadId: id, Initiated: started } of page.Uploads ?? []) {
          if (key !== undefined && id !== undefined) yield { key, id, startedAt: started?.getTime() ?? 0 };
        }
        const { NextKeyMarker: KeyMarker, NextUploadIdMarker: UploadIdMarker = '' } = page;
        after = page.IsTruncated && KeyMarker !== undefined ? { KeyMarker, UploadIdMarker } : undefined;
      } while (after !== undefined);
    },
  };
}

function partOf(answer: { ETag?: string | undefined; ChecksumCRC32?: string | undefined }, size: number): Part {
  if (answer.ETag === undefined) throw new Error('The answer does not name the part');
  const { ETag: etag, ChecksumCRC32: crc32 } = answer;
  return crc32 === undefined ? { size, etag } : { size, etag, crc32 };
}
