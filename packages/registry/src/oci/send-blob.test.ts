// A layer whose bytes went between look-up and read: absent if collection took it, a fault if it is still linked.
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { digestOf } from '@longshore/base';
import { BlobNotFoundError } from '@longshore/blobs';
import { expect, test } from 'vitest';
import type { Core } from '../core.ts';
import type { OciRequest } from './call.ts';
import { sendBlob } from './send-blob.ts';

const digest = digestOf(Buffer.from('gone'));

function call(): OciRequest {
  const request = new IncomingMessage(new Socket());
  request.method = 'GET';
  return { core: { kernelCopy: undefined } as Core, request, response: new ServerResponse(request) } as OciRequest;
}

function vanished(isLinked: boolean) {
  return {
    digest,
    size: 4,
    open: () => Promise.resolve({ copyTo: () => Promise.reject(new BlobNotFoundError(digest)) }),
    isLinked: () => Promise.resolve(isLinked),
  };
}

test('bytes that collection took since the look-up are an unknown blob', async () => {
  await expect(sendBlob(call(), vanished(false))).rejects.toMatchObject({ kind: 'blobUnknown' });
});

test('bytes that are missing although their layer is linked are a fault of this side', async () => {
  await expect(sendBlob(call(), vanished(true))).rejects.toBeInstanceOf(BlobNotFoundError);
});
