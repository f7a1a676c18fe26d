// Longshore's own operations (service `longshore`, JSON 1.1): what AWS has no operation for. The answers are checked, for
// the server may be of another version.
import { callJson } from '@longshore/aws';
import { UserError } from '@longshore/base';
import { z } from 'zod';
import type { Connection } from './connection.ts';

const measurementSchema = z.object({
  account: z.string(),
  clusterArn: z.string(),
  containerInstanceArn: z.string(),
  taskArn: z.string(),
  family: z.string(),
  serviceName: z.string().nullish(),
  containerName: z.string(),
  time: z.number(),
  cpuPercent: z.number(),
  cpuSeconds: z.number(),
  memoryBytes: z.number(),
  memoryLimitBytes: z.number().nullish(),
  networkRxBytes: z.number(),
  networkTxBytes: z.number(),
  blockReadBytes: z.number(),
  blockWriteBytes: z.number(),
});

export type Measurement = z.infer<typeof measurementSchema>;

const measurementsSchema = z.object({ measurements: z.array(measurementSchema) });

const statusSchema = z.looseObject({
  version: z.string(),
  startedAt: z.union([z.number(), z.string()]),
  store: z.string(),
  region: z.string(),
  registry: z.looseObject({ repositories: z.number(), images: z.number(), bytes: z.number() }),
  containers: z.looseObject({
    clusters: z.number(),
    instances: z.number(),
    connectedInstances: z.number(),
    runningTasks: z.number(),
    pendingTasks: z.number(),
    services: z.number(),
  }),
});

export type ServerStatus = z.infer<typeof statusSchema>;

const accountSchema = z.looseObject({
  id: z.string(),
  name: z.string(),
  createdAt: z.union([z.number(), z.string()]).optional(),
});

const newAccountSchema = z.looseObject({
  account: accountSchema,
  rootKey: z.object({ accessKeyId: z.string(), secretAccessKey: z.string() }),
});

export type Account = z.infer<typeof accountSchema>;
export type NewAccount = z.infer<typeof newAccountSchema>;

const accountsSchema = z.looseObject({ accounts: z.array(accountSchema) });

/** The server's state, as seen by the caller's account. */
export function getStatus(connection: Connection): Promise<ServerStatus> {
  return call(connection, 'GetStatus', {}, statusSchema);
}

/** The current readings of the caller's containers; `cluster` and `task` are ARNs. */
export async function listMeasurements(
  connection: Connection,
  filter: { readonly cluster?: string; readonly task?: string } = {},
): Promise<readonly Measurement[]> {
  return (await call(connection, 'ListMeasurements', filter, measurementsSchema)).measurements;
}

export function createAccount(connection: Connection, name: string): Promise<NewAccount> {
  return call(connection, 'CreateAccount', { name }, newAccountSchema);
}

export async function listAccounts(connection: Connection): Promise<readonly Account[]> {
  return (await call(connection, 'ListAccounts', {}, accountsSchema)).accounts;
}

const plannedActionSchema = z.object({
  action: z.string(),
  digest: z.string(),
  size: z.number(),
  why: z.string(),
  account: z.string().optional(),
  repository: z.string().optional(),
});

const previewSchema = z.object({
  preview: z.object({ actions: z.array(plannedActionSchema), removedBytes: z.number(), more: z.boolean() }),
});

const outcomeSchema = z.object({
  outcome: z.object({
    unlinked: z.number(),
    removed: z.number(),
    removedBytes: z.number(),
    failed: z.number(),
    more: z.boolean(),
    elsewhere: z.boolean(),
  }),
});

const rewrapSchema = z.object({
  outcome: z.object({
    rewrapped: z.number(),
    failures: z.array(z.object({ key: z.string(), reason: z.string() })),
    more: z.boolean(),
  }),
  before: z.number(),
});

export type RewrapAnswer = z.infer<typeof rewrapSchema>;

export type PlannedAction = z.infer<typeof plannedActionSchema>;
export type CollectionPreview = z.infer<typeof previewSchema>['preview'];
export type CollectOutcome = z.infer<typeof outcomeSchema>['outcome'];

const repositoryStorageSchema = z.object({
  repository: z.string(),
  manifests: z.number(),
  layers: z.number(),
  bytes: z.number(),
  sharedBytes: z.number(),
});

const storageSchema = z.object({ repositories: z.array(repositoryStorageSchema), next: z.string().optional() });

export type RepositoryStorage = z.infer<typeof repositoryStorageSchema>;

/** What a collection would do now. */
export async function previewCollection(connection: Connection): Promise<CollectionPreview> {
  return (await call(connection, 'CollectRegistry', { dryRun: true }, previewSchema)).preview;
}

/** Collects for some seconds; `more` in the answer says that there is more to do. */
export async function collectRegistry(connection: Connection): Promise<CollectOutcome> {
  return (await call(connection, 'CollectRegistry', {}, outcomeSchema)).outcome;
}

/** Wraps data keys anew for some seconds: those wrapped before `before`, which the first answer gives. */
export async function rewrapRegistry(connection: Connection, before: number | undefined): Promise<RewrapAnswer> {
  return call(connection, 'RewrapRegistry', { ...(before !== undefined && { before }) }, rewrapSchema);
}

/** What every repository of the caller's account holds. */
export async function reportStorage(connection: Connection): Promise<readonly RepositoryStorage[]> {
  const all: RepositoryStorage[] = [];
  for (let after = ''; ; ) {
    const page = await call(connection, 'ReportRegistryStorage', { after }, storageSchema);
    all.push(...page.repositories);
    if (page.next === undefined) return all;
    after = page.next;
  }
}

const whySchema = z.looseObject({
  kind: z.enum(['task', 'service', 'definition']),
  arn: z.string(),
  taskDefinitionArn: z.string(),
  state: z.array(z.string()),
  fits: z.number(),
  instances: z.number(),
  reasons: z.record(z.string(), z.number()),
  answers: z.array(
    z.object({ arn: z.string(), reasons: z.array(z.object({ reason: z.string(), detail: z.string() })) }),
  ),
});

export type WhyAnswer = z.infer<typeof whySchema>;

export interface WhyQuery {
  readonly cluster?: string;
  readonly task?: string;
  readonly service?: string;
  readonly taskDefinition?: string;
}

/** What speaks against each instance, for a task, the tasks of a service, or a definition. */
export async function explainPlacement(connection: Connection, query: WhyQuery): Promise<WhyAnswer> {
  return call(connection, 'ExplainPlacement', query, whySchema);
}

async function call<T>(connection: Connection, operation: string, input: object, schema: z.ZodType<T>): Promise<T> {
  const { endpoint, region, credentials } = connection;
  const target = `LongshoreV1.${operation}`;
  const answer: unknown = await callJson({ endpoint, region, credentials, service: 'longshore', target, input });
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues[0]?.path.join('.') || 'it';
  throw new UserError(
    `The server's answer to ${operation} is not understood (${where}).`,
    'Use the longshore command of the same version as the server.',
  );
}
