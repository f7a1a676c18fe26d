// Sending a blob: the hot path of a registry. The blob store copies straight into the response, which pushes back; no
// chunk is kept or copied here.
import type { IncomingMessage } from 'node:http';
import { type Digest, newHexId } from '@longshore/base';
import { BlobNotFoundError, type ByteRange } from '@longshore/blobs';
import type { LayerBytes } from '../encryption/sealing.ts';
import { RegistryError } from '../errors.ts';
import type { Core } from '../core.ts';
import { findLayerOf, type Layer } from '../layers.ts';
import type { Repository } from '../repository.ts';
import { layOut } from './byteranges.ts';
import { header, type OciRequest } from './call.ts';
import { type RangeAnswer, readRange } from './ranges.ts';
import { responseSink } from './response-sink.ts';
import { type Headers, OciFailure, sendEmpty, setHeaders } from './respond.ts';

/** Whether `If-None-Match` names the entity. */
export function matchesEtag(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.split(',').some((each) => {
    const tag = each.trim();
    return tag === '*' || tag === etag || tag === `W/${etag}`;
  });
}

/** The ranges to answer with: none if `If-Range` names another entity (RFC 9110 §13.1.5). */
function wantedRange(request: IncomingMessage, etag: string, size: number): RangeAnswer {
  const ifRange = header(request, 'if-range');
  return ifRange !== undefined && ifRange.trim() !== etag ? 'whole' : readRange(header(request, 'range'), size);
}

const blobType = 'application/octet-stream';

/** What every answer with a layer says of it. */
export function layerHeaders(digest: Digest): Headers {
  return {
    'accept-ranges': 'bytes',
    'docker-content-digest': digest,
    'content-type': blobType,
    etag: `"${digest}"`,
    'cache-control': 'private, max-age=31536000',
  };
}

/** Several ranges in one answer. */
async function sendRanges(call: OciRequest, { size, open }: SentLayer, ranges: readonly ByteRange[]): Promise<void> {
  const { core, request, response } = call;
  const body = layOut(ranges, size, blobType, newHexId());
  setHeaders(response, { 'content-type': body.contentType, 'content-length': body.length });
  response.statusCode = 206;
  if (request.method !== 'HEAD') {
    const bytes = await open();
    const sink = responseSink(response, core.kernelCopy);
    for (const { head, range } of body.parts) {
      await sink.write(head);
      await bytes.copyTo(sink, range);
    }
    await sink.write(body.tail);
    core.counters.blobsServed.add();
    core.counters.servedBytes.add(body.length);
  }
  core.endAnswer(response);
}

/** A layer to be sent. */
export interface SentLayer {
  readonly digest: Digest;
  readonly size: number;
  /** Called only when bytes are needed, before the answer begins: throws when they cannot be had. */
  open(): Promise<LayerBytes>;
  /** Asked when the bytes are not there: a layer that was collected since it was looked up is absent, not broken. */
  isLinked(): Promise<boolean>;
}

/** A layer that `repository` links, as `sendBlob` wants it. */
export function sentLayer(
  core: Core,
  repository: Repository,
  digest: Digest,
  layer: Pick<Layer, 'size' | 'stored'>,
): SentLayer {
  return {
    digest,
    size: layer.size,
    open: () => core.sealing.layer(repository, digest, layer),
    isLinked: async () => (await findLayerOf(core, repository.id, digest)).layer !== undefined,
  };
}

/** Answers GET or HEAD of a blob of `size` bytes: 200, 206 (one range, or several in a multipart), 304 or 416. */
export async function sendBlob(call: OciRequest, layer: SentLayer): Promise<void> {
  try {
    await send(call, layer);
  } catch (error) {
    const absent = error instanceof BlobNotFoundError && !call.response.headersSent && !(await layer.isLinked());
    throw absent ? new RegistryError('blobUnknown') : error;
  }
}

async function send(call: OciRequest, layer: SentLayer): Promise<void> {
  const { digest, size, open } = layer;
  const { core, request, response } = call;
  const etag = `"${digest}"`;
  setHeaders(response, layerHeaders(digest));
  if (matchesEtag(header(request, 'if-none-match'), etag)) return sendEmpty(call, 304);
  const ranges = wantedRange(request, etag, size);
  if (ranges === 'unsatisfiable') {
    throw new OciFailure(new RegistryError('rangeUnsatisfiable'), { 'content-range': `bytes */${size}` });
  }
  if (ranges !== 'whole' && ranges.length > 1) return sendRanges(call, layer, ranges);
  const range = ranges === 'whole' ? undefined : ranges[0];
  const length = range ? range.last - range.first + 1 : size;
  response.statusCode = range ? 206 : 200;
  setHeaders(response, {
    'content-length': length,
    'content-range': range && `bytes ${range.first}-${range.last}/${size}`,
  });
  if (request.method === 'HEAD' || length === 0) {
    core.endAnswer(response);
    return;
  }
  const bytes = await open();
  if (bytes.whole) {
    core.endAnswer(response, range ? bytes.whole.subarray(range.first, range.last + 1) : bytes.whole);
  } else {
    await bytes.copyTo(responseSink(response, core.kernelCopy), range);
    core.endAnswer(response);
  }
  core.counters.blobsServed.add();
  core.counters.servedBytes.add(length);
}
