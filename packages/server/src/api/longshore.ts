// Longshore's own operations (JSON 1.1, target prefix `LongshoreV1`): what the AWS APIs have no word for.
import { type AwsService, awsService, operation } from '@longshore/aws';
import type { AccountId } from '@longshore/base';
import type { Containers } from '@longshore/containers';
import type { Identity } from '@longshore/identity';
import type { Measurement, MeasurementBoard } from '@longshore/telemetry';
import { z } from 'zod';
import { jsonSchema } from './json-schema.ts';
import { placementOperations } from './placement.ts';
import { type RegistryUpkeep, registryUpkeepOperations } from './registry-upkeep.ts';
import { ownResource as own, requireOperator } from './own-access.ts';

export interface LongshoreApiParts {
  readonly identity: Pick<Identity, 'createAccount' | 'listAccounts'>;
  readonly board: MeasurementBoard;
  /** The first account, whose owner runs this installation. */
  readonly operator: AccountId;
  readonly status: (account: AccountId) => Promise<Status>;
  readonly registry: RegistryUpkeep;
  readonly containers: Pick<Containers, 'explain'>;
}

/** What `longshore status` shows. */
export interface Status {
  readonly version: string;
  readonly startedAt: number;
  readonly store: string;
  readonly region: string;
  readonly registry: { readonly repositories: number; readonly images: number; readonly bytes: number };
  readonly containers: {
    readonly clusters: number;
    readonly instances: number;
    readonly connectedInstances: number;
    readonly runningTasks: number;
    readonly pendingTasks: number;
    readonly services: number;
  };
}

const nothing = z.object({});
const accountName = z.object({
  name: z.string().regex(/^[A-Za-z0-9 ._-]{1,50}$/, 'name must be 1 to 50 letters, digits, spaces and . _ -'),
});
const measurementFilter = z.object({ cluster: z.string().max(2048).optional(), task: z.string().max(2048).optional() });

export function longshoreApi(parts: LongshoreApiParts): AwsService {
  return awsService({
    name: 'longshore',
    protocol: 'json-1.1',
    targetPrefix: 'LongshoreV1',
    operations: [
      operation<unknown, Status>({
        name: 'GetStatus',
        schema: jsonSchema(nothing),
        effect: 'read',
        access: own('status'),
        handle: (_input, call) => parts.status(call.principal.account),
      }),
      operation<z.infer<typeof measurementFilter>, { measurements: readonly Measurement[] }>({
        name: 'ListMeasurements',
        schema: jsonSchema(measurementFilter),
        effect: 'read',
        access: own('measurements'),
        async handle(input, call) {
          const query = {
            account: call.principal.account,
            ...(input.cluster === undefined ? {} : { clusterArn: input.cluster }),
            ...(input.task === undefined ? {} : { taskArn: input.task }),
          };
          return { measurements: parts.board.latest(query) };
        },
      }),
      operation<z.infer<typeof accountName>, Awaited<ReturnType<Identity['createAccount']>>>({
        name: 'CreateAccount',
        schema: jsonSchema(accountName),
        effect: 'write',
        access: own('account/*'),
        handle(input, call) {
          requireOperator(call, parts.operator, 'manages accounts');
          return parts.identity.createAccount(input.name);
        },
      }),
      operation<unknown, { accounts: Awaited<ReturnType<Identity['listAccounts']>> }>({
        name: 'ListAccounts',
        schema: jsonSchema(nothing),
        effect: 'read',
        access: own('account/*'),
        async handle(_input, call) {
          requireOperator(call, parts.operator, 'manages accounts');
          return { accounts: await parts.identity.listAccounts() };
        },
      }),
      ...registryUpkeepOperations(parts.registry, parts.operator),
      ...placementOperations(parts.containers),
    ],
  });
}
