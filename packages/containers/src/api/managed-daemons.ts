// ECS Managed Daemons: in ECS they exist for capacity providers of Managed Instances only, which Longshore does not have.
// So none can be made, and whoever asks learns that there is none. A service with schedulingStrategy DAEMON does the work.
import {
  CreateDaemon$,
  type CreateDaemonRequest,
  DeleteDaemon$,
  type DeleteDaemonRequest,
  DeleteDaemonTaskDefinition$,
  type DeleteDaemonTaskDefinitionRequest,
  DescribeDaemon$,
  DescribeDaemonDeployments$,
  type DescribeDaemonDeploymentsRequest,
  type DescribeDaemonRequest,
  DescribeDaemonRevisions$,
  type DescribeDaemonRevisionsRequest,
  DescribeDaemonTaskDefinition$,
  type DescribeDaemonTaskDefinitionRequest,
  ListDaemonDeployments$,
  type ListDaemonDeploymentsRequest,
  ListDaemons$,
  type ListDaemonsRequest,
  ListDaemonTaskDefinitions$,
  type ListDaemonTaskDefinitionsRequest,
  RegisterDaemonTaskDefinition$,
  type RegisterDaemonTaskDefinitionRequest,
  UpdateDaemon$,
  type UpdateDaemonRequest,
} from '@aws-sdk/client-ecs';
import { type AnyOperation, type CallContext, operation } from '@longshore/aws';
import { anyAccess, clusterAccess } from '../access.ts';
import { requireCluster } from '../clusters.ts';
import { type Core, placeOf } from '../core.ts';
import { clientError, ecsErrors, invalidParameter, unsupported } from '../errors.ts';
import { accountOfArn } from '../names.ts';
import { readPage } from '../paging.ts';

const instead =
  "Create a service with schedulingStrategy DAEMON: it keeps one task on each of the cluster's instances.";

function arnAccess(arn: string | undefined, call: CallContext) {
  return { resources: [{ arn: arn ?? '*', account: accountOfArn(arn ?? '', call.principal.account) }] };
}

function allMissing(what: string, arns: readonly string[] | undefined) {
  const given = arns ?? [];
  if (given.length === 0) throw invalidParameter(`${what} cannot be empty.`);
  if (given.length > 20) throw invalidParameter(`${what} cannot have more than 20 entries.`);
  return { failures: [...new Set(given)].map((arn) => ({ arn, reason: 'MISSING' })) };
}

function noDaemon(name: string, schema: AnyOperation['schema'], effect: 'read' | 'write'): AnyOperation {
  return operation<DescribeDaemonRequest | UpdateDaemonRequest | DeleteDaemonRequest, never>({
    name,
    schema,
    effect,
    access: (input, call) => arnAccess(input.daemonArn, call),
    handle: () => Promise.reject(ecsErrors.daemonNotFound()),
  });
}

export function managedDaemons(core: Core): AnyOperation[] {
  return [
    operation<CreateDaemonRequest, never>({
      name: 'CreateDaemon',
      schema: CreateDaemon$,
      effect: 'write',
      access: (input, call) => clusterAccess(input.clusterArn, call),
      async handle(input, call) {
        await requireCluster(core.store, placeOf(call), input.clusterArn);
        throw unsupported('A managed daemon', instead);
      },
    }),
    noDaemon('DescribeDaemon', DescribeDaemon$, 'read'),
    noDaemon('UpdateDaemon', UpdateDaemon$, 'write'),
    noDaemon('DeleteDaemon', DeleteDaemon$, 'write'),
    operation<ListDaemonsRequest, object>({
      name: 'ListDaemons',
      schema: ListDaemons$,
      effect: 'read',
      access: (input, call) => clusterAccess(input.clusterArn, call),
      async handle(input, call) {
        const cluster = await requireCluster(core.store, placeOf(call), input.clusterArn);
        readPage(input, ['ListDaemons', cluster.arn]);
        return { daemonSummariesList: [] };
      },
    }),
    operation<ListDaemonDeploymentsRequest, object>({
      name: 'ListDaemonDeployments',
      schema: ListDaemonDeployments$,
      effect: 'read',
      access: (input, call) => arnAccess(input.daemonArn, call),
      async handle(input) {
        readPage(input, ['ListDaemonDeployments', input.daemonArn]);
        return { daemonDeployments: [] };
      },
    }),
    operation<DescribeDaemonDeploymentsRequest, object>({
      name: 'DescribeDaemonDeployments',
      schema: DescribeDaemonDeployments$,
      effect: 'read',
      access: anyAccess,
      handle: async (input) => ({
        daemonDeployments: [],
        ...allMissing('daemonDeploymentArns', input.daemonDeploymentArns),
      }),
    }),
    operation<DescribeDaemonRevisionsRequest, object>({
      name: 'DescribeDaemonRevisions',
      schema: DescribeDaemonRevisions$,
      effect: 'read',
      access: anyAccess,
      handle: async (input) => ({ daemonRevisions: [], ...allMissing('daemonRevisionArns', input.daemonRevisionArns) }),
    }),
    operation<RegisterDaemonTaskDefinitionRequest, never>({
      name: 'RegisterDaemonTaskDefinition',
      schema: RegisterDaemonTaskDefinition$,
      effect: 'write',
      access: anyAccess,
      handle: () => Promise.reject(clientError(`Daemon task definitions are not available in Longshore. ${instead}`)),
    }),
    operation<DescribeDaemonTaskDefinitionRequest, never>({
      name: 'DescribeDaemonTaskDefinition',
      schema: DescribeDaemonTaskDefinition$,
      effect: 'read',
      access: anyAccess,
      handle: () => Promise.reject(ecsErrors.daemonDefinitionNotFound()),
    }),
    operation<DeleteDaemonTaskDefinitionRequest, never>({
      name: 'DeleteDaemonTaskDefinition',
      schema: DeleteDaemonTaskDefinition$,
      effect: 'write',
      access: anyAccess,
      handle: () => Promise.reject(ecsErrors.daemonDefinitionNotFound()),
    }),
    operation<ListDaemonTaskDefinitionsRequest, object>({
      name: 'ListDaemonTaskDefinitions',
      schema: ListDaemonTaskDefinitions$,
      effect: 'read',
      access: anyAccess,
      async handle(input, call) {
        const { nextToken: _, maxResults: __, ...query } = input;
        readPage(input, ['ListDaemonTaskDefinitions', call.principal.account, query]);
        return { daemonTaskDefinitions: [] };
      },
    }),
  ];
}
