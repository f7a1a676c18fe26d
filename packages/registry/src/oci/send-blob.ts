// Sending a blob: the hot path of a registry. The blob store copies straight into the response, which pushes back; no
// chunk is kept or copied here.
import type { ServerResponse } from 'node:http';
import type { Digest } from '@longshore/base';
import type { ByteSink } from '@longshore/blobs';
import { RegistryError } from '../errors.ts';
import { header, type OciRequest } from './call.ts';
import { readRange } from './ranges.ts';
import { OciFailure, sendEmpty, setHeaders } from './respond.ts';

/** Thrown when the client went away in the middle of an answer. */
export class ClientGoneError extends Error {
  override readonly name = 'ClientGoneError';
}

/** Writes to a response; each write resolves when the bytes have left, or rejects when the client is gone. */
function responseSink(response: ServerResponse): ByteSink {
  let rejectWrite: ((error: Error) => void) | undefined;
  response.once('close', () => rejectWrite?.(new ClientGoneError()));
  return {
    write(chunk) {
      return new Promise((resolve, reject) => {
        if (response.destroyed) {
          reject(new ClientGoneError());
          return;
        }
        rejectWrite = reject;
        response.write(chunk, (error) => (error ? reject(new ClientGoneError()) : resolve()));
      });
    },
  };
}

/** Whether `If-None-Match` names the entity. */
export function matchesEtag(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.split(',').some((each) => {
    const tag = each.trim();
    return tag === '*' || tag === etag || tag === `W/${etag}`;
  });
}

/** Answers GET or HEAD of a blob of `size` bytes: 200, 206, 304 or 416. */
export async function sendBlob(call: OciRequest, digest: Digest, size: number): Promise<void> {
  const { core, request, response } = call;
  const etag = `"${digest}"`;
  setHeaders(response, {
    'accept-ranges': 'bytes',
    'docker-content-digest': digest,
    'content-type': 'application/octet-stream',
    etag,
    'cache-control': 'private, max-age=31536000',
  });
  if (matchesEtag(header(request, 'if-none-match'), etag)) return sendEmpty(response, 304);
  const range = readRange(header(request, 'range'), size);
  if (range === 'unsatisfiable') {
    throw new OciFailure(new RegistryError('rangeUnsatisfiable'), { 'content-range': `bytes */${size}` });
  }
  const length = range === 'whole' ? size : range.last - range.first + 1;
  response.statusCode = range === 'whole' ? 200 : 206;
  setHeaders(response, {
    'content-length': length,
    'content-range': range === 'whole' ? undefined : `bytes ${range.first}-${range.last}/${size}`,
  });
  if (request.method === 'HEAD' || length === 0) {
    response.end();
    return;
  }
  await core.blobs.copyTo(digest, responseSink(response), range === 'whole' ? undefined : range);
  response.end();
  core.counters.blobsServed.add();
  core.counters.servedBytes.add(length);
}
