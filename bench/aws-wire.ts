// Signed AWS calls a second, in process: verification beside a recomputation with the SDK's own signer, the whole way
// through the endpoint, and where the time of a 20 MiB layer part goes.
import { createHash } from 'node:crypto';
import { RunTask$ } from '@aws-sdk/client-ecs';
import { UploadLayerPart$ } from '@aws-sdk/client-ecr';
import {
  type AnyOperation,
  awsService,
  createVerifier,
  operation,
  signHeaders,
  type WireRequest,
} from '@longshore/aws';
import { memoryCredentials, memoryEndpoint, rootPrincipal } from '@longshore/aws/testing';
import { systemClock } from '@longshore/base';
import { Hash } from '@smithy/core/serde';
import { SignatureV4 } from '@smithy/signature-v4';
import { machineLine, median, printTable } from './harness.ts';

const rounds = Number(process.env['ROUNDS'] ?? 5);
const roundMs = Number(process.env['ROUND_MS'] ?? 700);
const account = '123456789012';
const region = 'us-east-1';

function quick(name: string, schema: AnyOperation['schema'], output: unknown, maxBodyBytes?: number): AnyOperation {
  return operation<unknown, unknown>({
    name,
    schema,
    effect: 'idempotent',
    access: 'any',
    handle: async () => output,
    ...(maxBodyBytes === undefined ? {} : { maxBodyBytes }),
  });
}

const { endpoint, keyOf } = memoryEndpoint({
  region,
  accounts: [account],
  services: [
    awsService({
      name: 'ecs',
      protocol: 'json-1.1',
      targetPrefix: 'AmazonEC2ContainerServiceV20141113',
      operations: [quick('RunTask', RunTask$, { tasks: [{ taskArn: 'arn', createdAt: new Date() }], failures: [] })],
    }),
    awsService({
      name: 'ecr',
      protocol: 'json-1.1',
      targetPrefix: 'AmazonEC2ContainerRegistry_V20150921',
      operations: [quick('UploadLayerPart', UploadLayerPart$, { uploadId: 'u' }, 32 * 1024 * 1024)],
    }),
  ],
});
const credentials = keyOf(account);
const source = memoryCredentials({
  [credentials.accessKeyId]: { ...credentials, active: true, principal: rootPrincipal(account) },
});
const verifier = createVerifier({ credentials: source, clock: systemClock, region });

async function signed(service: string, target: string, input: unknown): Promise<WireRequest> {
  const body = Buffer.from(JSON.stringify(input));
  const url = 'http://localhost:7077/';
  const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target };
  const all = await signHeaders({ method: 'POST', url, headers, body, service, region, credentials });
  return { method: 'POST', url: '/', headers: { host: 'localhost:7077', ...all }, body, sourceIp: '::1', baseUrl: url };
}

const runTask = await signed('ecs', 'AmazonEC2ContainerServiceV20141113.RunTask', {
  taskDefinition: 'web:1',
  count: 2,
  overrides: { containerOverrides: [{ name: 'web', environment: [{ name: 'A', value: 'b' }] }] },
});
const layerPart = await signed('ecr', 'AmazonEC2ContainerRegistry_V20150921.UploadLayerPart', {
  repositoryName: 'a',
  uploadId: 'u',
  partFirstByte: 0,
  partLastByte: 20 * 1024 * 1024 - 1,
  layerPartBlob: Buffer.alloc(20 * 1024 * 1024, 'layer').toString('base64'),
});
const signer = new SignatureV4({ service: 'ecs', region, credentials, sha256: Hash.bind(null, 'sha256') as never });
const toSign = {
  method: 'POST',
  protocol: 'http:',
  hostname: 'localhost',
  path: '/',
  headers: { ...runTask.headers } as never,
  body: runTask.body,
};

async function succeed(request: WireRequest): Promise<void> {
  const { status, body } = await endpoint.handle(request);
  if (status !== 200) throw new Error(String(body));
}

const figures: readonly { readonly name: string; readonly once: () => unknown }[] = [
  { name: 'verify (signing key kept)', once: () => verifier.verify(runTask) },
  {
    name: 'verify (a new verifier each time)',
    once: () => createVerifier({ credentials: source, clock: systemClock, region }).verify(runTask),
  },
  { name: "recompute with the SDK's signer", once: () => signer.sign(toSign) },
  { name: 'RunTask, the whole way', once: () => succeed(runTask) },
  { name: 'UploadLayerPart of 20 MiB, the whole way', once: () => succeed(layerPart) },
  { name: '  of it: SHA-256 of the body', once: () => createHash('sha256').update(layerPart.body).digest() },
  { name: '  of it: UTF-8 and JSON', once: () => JSON.parse(Buffer.from(layerPart.body).toString()) },
];

async function perSecond(once: () => unknown): Promise<number> {
  const start = performance.now();
  let count = 0;
  for (; performance.now() - start < roundMs; count += 1) await once();
  return (count * 1000) / (performance.now() - start);
}

const measured = figures.map(() => [] as number[]);
for (let round = 0; round < rounds; round += 1) {
  for (const [index, { once }] of figures.entries()) measured[index]?.push(await perSecond(once));
}
console.log(machineLine());
printTable(
  ['in process, one core', 'a second', 'each'],
  figures.map(({ name }, index) => {
    const rate = median(measured[index] ?? []);
    return [name, rate.toFixed(rate < 100 ? 1 : 0), `${(1000 / rate).toFixed(3)} ms`];
  }),
);
