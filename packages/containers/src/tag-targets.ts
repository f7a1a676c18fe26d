// What a tag can be put on: a resource of the caller's account that exists.
import { AwsError } from '@longshore/aws';
import { parseArn } from '@longshore/base';
import { type Sql, sql, type View } from '@longshore/store';
import { clientError, ecsErrors, invalidParameter } from './errors.ts';
import type { Place } from './names.ts';

const lookups: Readonly<Record<string, (arn: string) => Sql>> = {
  cluster: (arn) => sql`SELECT 1 AS one FROM ecs_clusters WHERE arn = ${arn} AND status = 'ACTIVE'`,
  'container-instance': (arn) => sql`SELECT 1 AS one FROM ecs_instances WHERE arn = ${arn} AND status <> 'INACTIVE'`,
  'capacity-provider': (arn) => sql`SELECT 1 AS one FROM ecs_capacity_providers WHERE arn = ${arn}`,
  task: (arn) => sql`SELECT 1 AS one FROM ecs_tasks WHERE arn = ${arn}`,
  service: (arn) => sql`SELECT 1 AS one FROM ecs_services WHERE arn = ${arn} AND status <> 'INACTIVE'`,
  'task-set': (arn) => sql`SELECT 1 AS one FROM ecs_task_sets WHERE arn = ${arn}`,
  'task-definition': (arn) => sql`SELECT 1 AS one FROM ecs_task_definitions WHERE arn = ${arn} AND status <> 'DELETED'`,
};

/** Throws InvalidParameterException for what is no ECS ARN, ResourceNotFoundException for what is not there. */
export async function requireTagTarget(view: View, place: Place, arn: string | undefined): Promise<string> {
  const parts = parseArn(arn ?? '');
  const lookup = parts?.service === 'ecs' ? lookups[parts.resource.split('/')[0] ?? ''] : undefined;
  if (arn === undefined || lookup === undefined) throw invalidParameter('Invalid resourceArn: name an ECS resource.');
  const mine = parts?.account === place.account && parts.region === place.region;
  if (!mine || (await view.get(lookup(arn))) === undefined) throw ecsErrors.resourceNotFound();
  return arn;
}

/** The same in the words of ListTagsForResource, which has no ResourceNotFoundException. */
export async function requireTagged(view: View, place: Place, arn: string | undefined): Promise<string> {
  try {
    return await requireTagTarget(view, place, arn);
  } catch (error) {
    if (!(error instanceof AwsError) || error.code !== 'ResourceNotFoundException') throw error;
    throw parseArn(arn ?? '')?.resource.startsWith('cluster/')
      ? ecsErrors.clusterNotFound()
      : clientError(error.message);
  }
}
