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
