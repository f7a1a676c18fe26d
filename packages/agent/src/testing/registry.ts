// A registry of one busybox image for the agent's tests: Basic authentication, manifests and blobs from memory. Counts
// what it was asked, so that tests can tell a check from a pull.
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { digestOf } from '@longshore/base';
import { tarOf } from '../tar.ts';

export const registryPassword = 'registry-password';

export interface TestRegistry {
  /** Answers a `/v2/` request. */
  handle(request: IncomingMessage, response: ServerResponse): void;
  readonly manifestDigest: string;
  /** What it does instead of serving: answers 503, or says that the image may not be had. */
  trouble: 'none' | 'unavailable' | 'denied';
  readonly counts: { head: number; manifest: number; blob: number; refused: number };
}

const manifestType = 'application/vnd.docker.distribution.manifest.v2+json';

/** An image with busybox at /bin/busybox and its usual names; `tag` makes its digest its own. */
export function createTestRegistry(tag: string): TestRegistry {
  const busybox = readFileSync('/bin/busybox');
  const applets = ['sh', 'sleep', 'cat', 'echo', 'httpd', 'true', 'false', 'dd', 'tail'];
  const layer = tarOf([
    { path: 'bin/busybox', content: busybox },
    ...applets.map((name) => ({ path: `bin/${name}`, linkTo: 'busybox' })),
    { path: 'etc/made-for', content: Buffer.from(tag) },
  ]);
  const packed = gzipSync(layer, { level: 1 });
  const config = Buffer.from(
    JSON.stringify({
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      os: 'linux',
      config: { Env: ['PATH=/bin'], Cmd: ['sh'] },
      rootfs: { type: 'layers', diff_ids: [digestOf(layer)] },
      history: [{ created_by: 'a test' }],
    }),
  );
  const blobs = new Map([
    [digestOf(packed) as string, packed],
    [digestOf(config) as string, config],
  ]);
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestType,
      config: {
        mediaType: 'application/vnd.docker.container.image.v1+json',
        size: config.length,
        digest: digestOf(config),
      },
      layers: [
        {
          mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
          size: packed.length,
          digest: digestOf(packed),
        },
      ],
    }),
  );
  const manifestDigest = digestOf(manifest);
  const counts = { head: 0, manifest: 0, blob: 0, refused: 0 };
  const expected = `Basic ${Buffer.from(`AWS:${registryPassword}`).toString('base64')}`;

  function notFound(response: ServerResponse, code: string): void {
    response.writeHead(404, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ errors: [{ code, message: 'not found' }] }));
  }

  const registry: TestRegistry = {
    manifestDigest,
    counts,
    trouble: 'none',
    handle(request, response) {
      if (registry.trouble === 'unavailable') {
        response.writeHead(503).end();
        return;
      }
      if (request.headers.authorization !== expected) {
        counts.refused += 1;
        response.writeHead(401, { 'www-authenticate': 'Basic realm="test"' }).end();
        return;
      }
      const path = request.url ?? '';
      if (path === '/v2/') {
        response.writeHead(200).end('{}');
        return;
      }
      if (registry.trouble === 'denied') {
        response.writeHead(403, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ errors: [{ code: 'DENIED', message: 'the image was withdrawn' }] }));
        return;
      }
      const [, kind, reference = ''] = /\/(manifests|blobs)\/([^/?]+)$/.exec(path) ?? [];
      if (kind === 'manifests' && (reference === tag || reference === manifestDigest)) {
        if (request.method === 'HEAD') counts.head += 1;
        else counts.manifest += 1;
        response.writeHead(200, {
          'content-type': manifestType,
          'content-length': manifest.length,
          'docker-content-digest': manifestDigest,
        });
        response.end(request.method === 'HEAD' ? undefined : manifest);
        return;
      }
      const blob = kind === 'blobs' ? blobs.get(reference) : undefined;
      if (!blob) return notFound(response, kind === 'blobs' ? 'BLOB_UNKNOWN' : 'MANIFEST_UNKNOWN');
      counts.blob += 1;
      response.writeHead(200, { 'content-length': blob.length, 'docker-content-digest': reference });
      response.end(request.method === 'HEAD' ? undefined : blob);
    },
  };
  return registry;
}
