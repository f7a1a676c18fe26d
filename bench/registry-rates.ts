// The rates of single requests: manifest GETs by wrk over kept connections, one large blob PUT and GET by curl.
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf } from '@longshore/base';
import { run } from '../test/support/command.ts';
import { processCpuSeconds, timed } from './harness.ts';
import { repository, type Side } from './registry-sides.ts';

export const blobBytes = 256 * 1024 * 1024;
const manifestType = 'application/vnd.oci.image.manifest.v1+json';

function headersOf(side: Side): Record<string, string> {
  return side.authorization === undefined ? {} : { authorization: side.authorization };
}

/** The same headers for curl and wrk. */
function headerArguments(headers: Readonly<Record<string, string>>): string[] {
  return Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
}

/** Where the upload is to be sent, the digest included. */
async function startUpload(side: Side, digest: string): Promise<string> {
  const answer = await fetch(`${side.url}/v2/${repository}/blobs/uploads/`, {
    method: 'POST',
    headers: headersOf(side),
  });
  if (answer.status !== 202) throw new Error(`${side.name} answers ${answer.status}: ${await answer.text()}`);
  const location = new URL(answer.headers.get('location') ?? '', side.url);
  location.searchParams.set('digest', digest);
  return location.href;
}

/** Sends the file with curl, so that the client costs both sides the same; seconds of the PUT, its answer included. */
async function putBlob(side: Side, file: string, digest: string): Promise<number> {
  const url = await startUpload(side, digest);
  const headers = headerArguments({ ...headersOf(side), 'content-type': 'application/octet-stream', expect: '' });
  const format = ['--silent', '--output', '/dev/null', '--write-out', '%{http_code} %{time_total}'];
  const [status, seconds] = (await run('curl', [...format, ...headers, '--upload-file', file, url])).split(' ');
  if (status !== '201') throw new Error(`${side.name} answers ${status} to a blob PUT`);
  return Number(seconds);
}

/** Seconds. */
async function getBlob(side: Side, digest: string): Promise<number> {
  const url = `${side.url}/v2/${repository}/blobs/${digest}`;
  const format = ['--silent', '--output', '/dev/null', '--write-out', '%{http_code} %{size_download} %{time_total}'];
  const answer = await run('curl', [...format, ...headerArguments(headersOf(side)), url]);
  const [status, size, seconds] = answer.split(' ');
  if (status !== '200' || Number(size) !== blobBytes) throw new Error(`${side.name} answers ${answer} to a blob GET`);
  return Number(seconds);
}

/** An image with a small config as its only layer, tagged `latest`. */
export async function pushSmallImage(side: Side, folder: string): Promise<void> {
  const config = Buffer.from('{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}');
  const file = join(folder, 'config.json');
  await writeFile(file, config);
  await putBlob(side, file, digestOf(config));
  const descriptor = { digest: digestOf(config), size: config.length };
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: manifestType,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...descriptor },
    layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', ...descriptor }],
  });
  const answer = await fetch(`${side.url}/v2/${repository}/manifests/latest`, {
    method: 'PUT',
    headers: { ...headersOf(side), 'content-type': manifestType },
    body: manifest,
  });
  if (answer.status !== 201) throw new Error(`${side.name} answers ${answer.status}: ${await answer.text()}`);
}

/** Eight connections that are kept; throws if any answer was not a manifest. */
export async function manifestRate(side: Side, seconds: number): Promise<number> {
  const headers = headerArguments({ ...headersOf(side), accept: manifestType });
  const url = `${side.url}/v2/${repository}/manifests/latest`;
  const report = await run('wrk', ['-t1', '-c8', `-d${seconds}s`, ...headers, url]);
  if (/Non-2xx|Socket errors/.test(report)) throw new Error(`${side.name} failed some requests:\n${report}`);
  return Number(/Requests\/sec:\s+([0-9.]+)/.exec(report)?.[1]);
}

export async function measureManifests(side: Side): Promise<Map<string, number>> {
  const { result: rate, seconds, cpu } = await timed(side.pid, () => manifestRate(side, 3));
  return new Map([
    ['manifest GET/s', rate],
    ['manifest GET per CPU second/s', (rate * seconds) / cpu],
  ]);
}

export async function measureBlobs(side: Side, content: Buffer, folder: string): Promise<Map<string, number>> {
  // A few new bytes are a new blob; to no store is anything of it known.
  randomBytes(64).copy(content);
  const file = join(folder, 'blob');
  await writeFile(file, content);
  await run('sync', []);
  const digest = digestOf(content);
  const gigabytes = blobBytes / 1e9;
  const before = processCpuSeconds(side.pid);
  const putSeconds = await putBlob(side, file, digest);
  const between = processCpuSeconds(side.pid);
  const getSeconds = await getBlob(side, digest);
  const after = processCpuSeconds(side.pid);
  return new Map([
    ['blob PUT MB/s', (gigabytes * 1000) / putSeconds],
    ['  CPU s per GB of a PUT', (between - before) / gigabytes],
    ['blob GET MB/s', (gigabytes * 1000) / getSeconds],
    ['  CPU s per GB of a GET', (after - between) / gigabytes],
  ]);
}
