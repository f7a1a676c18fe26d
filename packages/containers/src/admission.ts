// Whether an agent may open a socket: checked before the upgrade, answered with the protocol's own exceptions (ACS model:
// InactiveInstanceException, InvalidInstanceException, AccessDeniedException).
import type { Authorizer } from '@longshore/aws';
import { clusterArnOf, inClusterArn, type Place } from './names.ts';
import type { Core } from './core.ts';
import { findInstance } from './instances.ts';
import type { AgentConnection } from './types.ts';

export interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly status: number;
}

const actions = { acs: 'ecs:Poll', tcs: 'ecs:StartTelemetrySession' } as const;

/** The instance that a connection names, as an ARN; undefined if it names none of the caller's account. */
export function namedInstance(
  kind: 'acs' | 'tcs',
  connection: AgentConnection,
  region: string,
): { readonly arn: string; readonly clusterArn: string } | undefined {
  const place: Place = { region, account: connection.principal.account };
  const cluster = connection.query.get(kind === 'acs' ? 'clusterArn' : 'cluster') ?? '';
  const instance = connection.query.get(kind === 'acs' ? 'containerInstanceArn' : 'containerInstance') ?? '';
  const clusterArn = clusterArnOf(place, cluster);
  if (clusterArn === undefined || instance === '' || instance.length > 2048) return undefined;
  return { arn: inClusterArn('container-instance', clusterArn, instance), clusterArn };
}

export async function refusalOf(
  core: Core,
  authorizer: Authorizer,
  kind: 'acs' | 'tcs',
  connection: AgentConnection,
): Promise<Refusal | undefined> {
  const named = namedInstance(kind, connection, core.region);
  if (named === undefined)
    return { code: 'InvalidInstanceException', message: 'Name the cluster and the container instance.', status: 400 };
  const { account } = connection.principal;
  const denied = await authorizer.refusal(
    connection.principal,
    {
      action: actions[kind],
      resources: [{ arn: named.arn, account }],
      context: { 'ecs:cluster': named.clusterArn },
    },
    connection.context,
  );
  if (denied !== undefined) return { code: 'AccessDeniedException', message: denied, status: 403 };
  const instance = await findInstance(core.store, named.arn);
  if (instance === undefined || instance.account !== account || instance.clusterArn !== named.clusterArn)
    return {
      code: 'InvalidInstanceException',
      message: 'The container instance is not registered in this cluster. Register it anew.',
      status: 400,
    };
  if (instance.status === 'INACTIVE')
    return {
      code: 'InactiveInstanceException',
      message: 'The container instance was deregistered. Register it anew.',
      status: 400,
    };
  return undefined;
}
