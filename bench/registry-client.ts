// What the benchmarks of the registry ask for, over kept connections of Node's own client, the same for every side.
import { Agent, request } from 'node:http';
import { digestOf } from '@longshore/base';
import type { Side } from './registry-sides.ts';

export const imageType = 'application/vnd.oci.image.manifest.v1+json';
export const indexType = 'application/vnd.oci.image.index.v1+json';

export interface Answer {
  readonly status: number;
  readonly header: (name: string) => string | undefined;
  /** Empty if it was not kept. */
  readonly body: Buffer;
  readonly bytes: number;
}

export interface Client {
  /** Throws unless the answer's status is `expected`. */
  send(method: string, path: string, expected: number, options?: SendOptions): Promise<Answer>;
  close(): void;
}

export interface SendOptions {
  readonly body?: Uint8Array;
  readonly type?: string;
  readonly keepBody?: boolean;
}

export function createClient(side: Side, connections: number): Client {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  return {
    send(method, path, expected, { body, type, keepBody = false } = {}) {
      return new Promise((resolve, reject) => {
        const headers: Record<string, string> = { accept: `${imageType}, ${indexType}` };
        if (side.wideAuthorization !== undefined) headers.authorization = side.wideAuthorization;
        if (body !== undefined) headers['content-type'] = type ?? 'application/octet-stream';
        if (body !== undefined || method === 'POST') headers['content-length'] = String(body?.length ?? 0);
        const sent = request(new URL(path, side.url), { method, agent, headers }, (response) => {
          const chunks: Buffer[] = [];
          let bytes = 0;
          response.on('data', (chunk: Buffer) => {
            bytes += chunk.length;
            if (keepBody || response.statusCode !== expected) chunks.push(chunk);
          });
          response.on('error', reject);
          response.on('end', () => {
            const kept = Buffer.concat(chunks);
            const status = response.statusCode ?? 0;
            if (status !== expected) {
              reject(
                new Error(`${side.name} answers ${status} to ${method} ${path}: ${kept.toString().slice(0, 300)}`),
              );
              return;
            }
            const header = (name: string) => [response.headers[name]].flat()[0];
            resolve({ status, header, body: kept, bytes });
          });
        });
        sent.on('error', reject);
        sent.end(body);
      });
    },
    close: () => agent.destroy(),
  };
}

export async function putBlob(client: Client, repository: string, bytes: Uint8Array, digest: string): Promise<void> {
  const begun = await client.send('POST', `/v2/${repository}/blobs/uploads/`, 202);
  const location = new URL(begun.header('location') ?? '', 'http://registry');
  location.searchParams.set('digest', digest);
  await client.send('PUT', `${location.pathname}${location.search}`, 201, { body: bytes });
}

export const config = Buffer.from('{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}');

/** A manifest of the small config and one layer. */
export function imageManifest(layer: { readonly digest: string; readonly size: number }): Buffer {
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: imageType,
      config: {
        mediaType: 'application/vnd.oci.image.config.v1+json',
        digest: digestOf(config),
        size: config.length,
      },
      layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', ...layer }],
    }),
  );
}

/** Runs `work` for 0 … count − 1, `width` at a time. */
export async function inParallel(count: number, width: number, work: (i: number) => Promise<void>): Promise<void> {
  let next = 0;
  const one = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: Math.min(width, count) }, one));
}
