// What this package's own tests share: a few operations with the SDK's real schemas, an endpoint over them that writes down
// which handlers were reached, and requests signed as a client signs them.
import {
  type RegisterTaskDefinitionRequest,
  RegisterTaskDefinition$,
  RunTask$,
  type RunTaskRequest,
} from '@aws-sdk/client-ecs';
import { ListUsers$, TagUser$ } from '@aws-sdk/client-iam';
import { GetCallerIdentity$ } from '@aws-sdk/client-sts';
import {
  type AccountId,
  type Clock,
  memoryMeter,
  type MemoryMeter,
  parseAccountId,
  silentLogger,
} from '@longshore/base';
import { createAwsEndpoint, type AwsEndpoint } from '../endpoint.ts';
import { awsService, operation } from '../operation.ts';
import { signExactly } from '../sigv4/sign.ts';
import { createVerifier } from '../sigv4/verifier.ts';
import { memoryAuthorizer, memoryCredentials, memoryReplayGuard } from '../testing.ts';
import { AwsError, type AwsService, type Principal, type StoredCredential, type WireRequest } from '../types.ts';

export const keyPair = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
export const temporaryKey = { accessKeyId: 'ASIATEMPORARY', secretAccessKey: 'temporary', sessionToken: 'the-token' };
export const inactiveKey = { accessKeyId: 'AKIDINACTIVE', secretAccessKey: 'inactive' };
export const ecsTarget = 'AmazonEC2ContainerServiceV20141113';

function testAccount(): AccountId {
  const id = parseAccountId('123456789012');
  if (id === undefined) throw new Error('not an account id');
  return id;
}

export const principal: Principal = {
  account: testAccount(),
  arn: 'arn:aws:iam::123456789012:root',
  userId: '123456789012',
  kind: 'root',
};

export const credentials = memoryCredentials({
  [keyPair.accessKeyId]: stored(keyPair),
  [temporaryKey.accessKeyId]: stored(temporaryKey),
  [inactiveKey.accessKeyId]: { ...stored(inactiveKey), active: false },
});

function stored(key: { readonly secretAccessKey: string; readonly sessionToken?: string }): StoredCredential {
  return { secretAccessKey: key.secretAccessKey, sessionToken: key.sessionToken, active: true, principal };
}

/** A clock that stands still unless moved; its sleeps move it. */
export function handClock(start: number): Clock & { moveBy(ms: number): void } {
  let now = start;
  return {
    now: () => now,
    async sleep(ms) {
      now += ms;
    },
    moveBy(ms) {
      now += ms;
    },
  };
}

export const startOfTests = Date.UTC(2026, 0, 2, 3, 4, 5);

export interface Harness {
  readonly endpoint: AwsEndpoint;
  readonly clock: ReturnType<typeof handClock>;
  readonly meter: MemoryMeter;
  /** The operations whose handlers ran, with their inputs. */
  readonly reached: { readonly operation: string; readonly input: unknown }[];
  readonly logged: unknown[];
}

export interface HarnessOptions {
  readonly denied?: readonly string[];
  readonly clock?: Clock;
}

export function harness(options: HarnessOptions = {}): Harness {
  const clock = handClock(startOfTests);
  const meter = memoryMeter();
  const reached: Harness['reached'] = [];
  const logged: unknown[] = [];
  const time = options.clock ?? clock;
  const endpoint = createAwsEndpoint({
    services: tinyServices((name, input) => reached.push({ operation: name, input })),
    verifier: createVerifier({ credentials, clock: time, region: 'us-east-1' }),
    authorizer: memoryAuthorizer(options.denied),
    replayGuard: memoryReplayGuard(),
    region: 'us-east-1',
    clock: time,
    log: { ...silentLogger, error: (fields) => logged.push(fields) },
    meter,
  });
  return { endpoint, clock, meter, reached, logged };
}

function tinyServices(reach: (operation: string, input: unknown) => void): readonly AwsService[] {
  const ecs = awsService({
    name: 'ecs',
    protocol: 'json-1.1',
    targetPrefix: ecsTarget,
    operations: [
      operation<RunTaskRequest, unknown>({
        name: 'RunTask',
        schema: RunTask$,
        effect: 'write',
        access: (input) => ({
          resources: [
            {
              arn: `arn:aws:ecs:us-east-1:123456789012:task-definition/${input.taskDefinition}`,
              account: principal.account,
            },
          ],
        }),
        async handle(input) {
          reach('RunTask', input);
          if (input.taskDefinition === 'missing') {
            throw new AwsError('ClientException', 'TaskDefinition not found.', 400, { resourceIds: ['missing'] });
          }
          if (input.taskDefinition === 'broken') throw new Error('the secret inside is hunter2');
          return {
            tasks: [{ taskArn: `arn/${input.taskDefinition}`, createdAt: new Date(1_500) }],
            failures: [],
            inner: 1,
          };
        },
      }),
      operation<RegisterTaskDefinitionRequest, unknown>({
        name: 'RegisterTaskDefinition',
        schema: RegisterTaskDefinition$,
        effect: 'idempotent',
        access: 'any',
        async handle(input) {
          reach('RegisterTaskDefinition', input);
          return { taskDefinition: input };
        },
      }),
    ],
  });
  const sts = awsService({
    name: 'sts',
    protocol: 'query',
    version: '2011-06-15',
    xmlNamespace: 'https://sts.amazonaws.com/doc/2011-06-15/',
    operations: [
      operation<unknown, unknown>({
        name: 'GetCallerIdentity',
        schema: GetCallerIdentity$,
        effect: 'read',
        access: 'any',
        async handle(input, call) {
          reach('GetCallerIdentity', input);
          return { Account: call.principal.account, Arn: call.principal.arn, UserId: call.principal.userId };
        },
      }),
    ],
  });
  const iam = awsService({
    name: 'iam',
    protocol: 'query',
    version: '2010-05-08',
    xmlNamespace: 'https://iam.amazonaws.com/doc/2010-05-08/',
    operations: [
      operation<unknown, unknown>({
        name: 'ListUsers',
        schema: ListUsers$,
        effect: 'read',
        access: 'any',
        async handle(input) {
          reach('ListUsers', input);
          const user = { Path: '/<&>/', UserName: 'ann', UserId: 'AIDA', Arn: 'arn', CreateDate: new Date(1_500) };
          return { Users: [user], IsTruncated: false };
        },
      }),
      operation<{ readonly UserName: string }, unknown>({
        name: 'TagUser',
        schema: TagUser$,
        effect: 'write',
        access: 'any',
        async handle(input) {
          reach('TagUser', input);
          if (input.UserName === 'nobody') throw new AwsError('NoSuchEntity', 'There is no user nobody.', 404);
          return {};
        },
      }),
    ],
  });
  const own = awsService({
    name: 'longshore',
    protocol: 'json-1.1',
    targetPrefix: 'LongshoreV1',
    operations: [
      operation<{ readonly name: string }, unknown>({
        name: 'Greet',
        schema: { kind: 'json', parse: parseGreeting },
        effect: 'read',
        access: 'any',
        async handle(input) {
          reach('Greet', input);
          return { greeting: `hello ${input.name}`, nothing: undefined };
        },
      }),
    ],
  });
  return [ecs, sts, iam, own];
}

/** Fails as schema libraries do: with `issues`. */
function parseGreeting(value: unknown): { readonly name: string } {
  const name = (value as { readonly name?: unknown }).name;
  if (typeof name === 'string') return { name };
  throw Object.assign(new Error('invalid'), { issues: [{ path: ['name'], message: 'expected string' }] });
}

export interface TestCall {
  readonly service?: string;
  readonly region?: string;
  readonly method?: string;
  readonly url?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly credentials?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
  readonly at?: number;
}

/** A signed request as the endpoint sees it. */
export function signedRequest(call: TestCall = {}): WireRequest {
  const { method = 'POST', url = '/', body = '' } = call;
  const headers = signExactly({
    method,
    url: `http://localhost:7077${url}`,
    headers: call.headers ?? {},
    body,
    service: call.service ?? 'ecs',
    region: call.region ?? 'us-east-1',
    credentials: call.credentials ?? keyPair,
    date: new Date(call.at ?? startOfTests),
  });
  return {
    method,
    url,
    headers: { host: 'localhost:7077', ...headers },
    body: Buffer.from(body),
    sourceIp: '127.0.0.1',
    baseUrl: 'http://localhost:7077',
  };
}

/** A signed call of a JSON operation; a string is sent as it is. */
export function jsonCall(operationName: string, input: unknown, call: TestCall = {}): WireRequest {
  const target = call.service === 'longshore' ? 'LongshoreV1' : ecsTarget;
  return signedRequest({
    ...call,
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `${target}.${operationName}`,
      ...call.headers,
    },
    body: typeof input === 'string' || input instanceof Uint8Array ? input : JSON.stringify(input),
  });
}

/** A signed call of a query operation. */
export function queryCall(form: string, call: TestCall = {}): WireRequest {
  return signedRequest({
    service: 'iam',
    ...call,
    headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8', ...call.headers },
    body: form,
  });
}
