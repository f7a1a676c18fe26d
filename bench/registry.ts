// Manifest GETs, blob GETs and PUTs, and CPU time, of Longshore's registry beside Debian's docker-registry in the same run.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf } from '@longshore/base';
import { run } from '../test/support/command.ts';
import { interleave, machineLine, printComparison, processCpuSeconds, type Row, timed } from './harness.ts';
import { longshoreSide, peerSide, peerVersion, repository, type Side } from './registry-sides.ts';

const rounds = 5;
const blobBytes = 256 * 1024 * 1024;
const manifestSeconds = 3;
const manifestType = 'application/vnd.oci.image.manifest.v1+json';

interface Samples {
  readonly manifestsPerSecond: number[];
  readonly manifestCpu: number[];
  readonly putSpeed: number[];
  readonly putCpu: number[];
  readonly getSpeed: number[];
  readonly getCpu: number[];
}

function newSamples(): Samples {
  return { manifestsPerSecond: [], manifestCpu: [], putSpeed: [], putCpu: [], getSpeed: [], getCpu: [] };
}

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
async function pushSmallImage(side: Side, folder: string): Promise<void> {
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
async function manifestRate(side: Side, seconds: number): Promise<number> {
  const headers = headerArguments({ ...headersOf(side), accept: manifestType });
  const url = `${side.url}/v2/${repository}/manifests/latest`;
  const report = await run('wrk', ['-t1', '-c8', `-d${seconds}s`, ...headers, url]);
  if (/Non-2xx|Socket errors/.test(report)) throw new Error(`${side.name} failed some requests:\n${report}`);
  return Number(/Requests\/sec:\s+([0-9.]+)/.exec(report)?.[1]);
}

async function measureManifests(side: Side, samples: Samples): Promise<void> {
  const { result: rate, seconds, cpu } = await timed(side.pid, () => manifestRate(side, manifestSeconds));
  samples.manifestsPerSecond.push(rate);
  samples.manifestCpu.push((cpu / (rate * seconds)) * 10_000);
}

async function measureBlobs(side: Side, samples: Samples, content: Buffer, folder: string): Promise<void> {
  // A few new bytes are a new blob; to neither store is anything of it known.
  randomBytes(64).copy(content);
  const file = join(folder, 'blob');
  await writeFile(file, content);
  const digest = digestOf(content);
  const gigabytes = blobBytes / 1e9;
  const before = processCpuSeconds(side.pid);
  samples.putSpeed.push((gigabytes * 1000) / (await putBlob(side, file, digest)));
  const between = processCpuSeconds(side.pid);
  samples.putCpu.push((between - before) / gigabytes);
  samples.getSpeed.push((gigabytes * 1000) / (await getBlob(side, digest)));
  samples.getCpu.push((processCpuSeconds(side.pid) - between) / gigabytes);
}

function rowsOf(ours: Samples, peer: Samples): Row[] {
  const row = (measure: string, key: keyof Samples): Row => ({ measure, ours: ours[key], peer: peer[key] });
  return [
    row('manifest GET/s', 'manifestsPerSecond'),
    row('  CPU s per 10,000', 'manifestCpu'),
    row('blob PUT MB/s', 'putSpeed'),
    row('  CPU s per GB', 'putCpu'),
    row('blob GET MB/s', 'getSpeed'),
    row('  CPU s per GB', 'getCpu'),
  ];
}

async function benchmark(): Promise<void> {
  await using ours = await longshoreSide();
  await using peer = await peerSide();
  const folder = await mkdtemp(join(tmpdir(), 'longshore-bench-'));
  const [ourSamples, peerSamples] = [newSamples(), newSamples()];
  const samplesOf = (side: Side) => (side === ours ? ourSamples : peerSamples);
  try {
    const content = randomBytes(blobBytes);
    for (const side of [ours, peer]) {
      await pushSmallImage(side, folder);
      await manifestRate(side, 1);
      await measureBlobs(side, newSamples(), content, folder);
    }
    await interleave(rounds, [ours, peer], (side) => measureManifests(side, samplesOf(side)));
    await interleave(rounds, [ours, peer], (side) => measureBlobs(side, samplesOf(side), content, folder));
  } finally {
    await rm(folder, { recursive: true });
  }
  process.stdout.write(`Registry: Longshore beside docker-registry ${await peerVersion()}, in turns, ${rounds} rounds
${machineLine()}
Longshore verifies a bearer token in every request and answers a PUT after the blob is durable (fsync);
docker-registry has no authentication here, no log of requests, and does not sync.
Manifests over 8 kept connections; blobs of ${blobBytes / 2 ** 20} MiB, each PUT a new one, each GET of the one just stored.

`);
  printComparison(ours.name, peer.name, rowsOf(ourSamples, peerSamples));
}

await benchmark();
