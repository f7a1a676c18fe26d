// Taking a cluster away with all that is in it: services, tasks, machines that it asked for, machines that joined by themselves.
import {
  type Cluster,
  ClusterContainsContainerInstancesException,
  ClusterContainsServicesException,
  ClusterContainsTasksException,
  DeleteClusterCommand,
  DeleteServiceCommand,
  DeregisterContainerInstanceCommand,
  DescribeClustersCommand,
  type ContainerInstance,
  type ECSClient,
  PutClusterCapacityProvidersCommand,
} from '@aws-sdk/client-ecs';
import { UserError } from '@longshore/base';
import { idOf, instancesOf, serviceArns } from './ecs-client.ts';
import { stopTasks } from './stop-everything.ts';
import type { CliParts } from './types.ts';

/** Throws `UserError` if there is something in it. */
export async function deleteCluster(client: ECSClient, name: string): Promise<void> {
  try {
    await client.send(new DeleteClusterCommand({ cluster: name }));
  } catch (error) {
    const isFull =
      error instanceof ClusterContainsContainerInstancesException ||
      error instanceof ClusterContainsServicesException ||
      error instanceof ClusterContainsTasksException;
    if (!isFull) throw error;
    throw new UserError(
      `Cluster ${name} is not empty: ${error.message}`,
      `To end what is in it and delete it: longshore cluster delete ${name} --force`,
    );
  }
}

/**
 * Ends all that is in the cluster, and waits for it: services, tasks, the machines of its groups; other machines are
 * deregistered. Throws `UserError` if something is left after `withinMs`.
 */
export async function emptyCluster(client: ECSClient, name: string, withinMs: number, parts: CliParts): Promise<void> {
  const deadline = parts.clock.now() + withinMs;
  const cluster = await describe(client, name);
  for (const service of await serviceArns(client, name)) {
    await client.send(new DeleteServiceCommand({ cluster: name, service, force: true }));
    parts.io.err(`${idOf(service)}: the service is deleted\n`);
  }
  await stopTasks(client, { cluster: name, reason: 'longshore cluster delete', withinMs }, parts);
  const groups = cluster.capacityProviders ?? [];
  if (groups.length > 0)
    await client.send(
      new PutClusterCapacityProvidersCommand({
        cluster: name,
        capacityProviders: [],
        defaultCapacityProviderStrategy: [],
      }),
    );
  await untilMachinesAreGone(client, name, groups, deadline, parts);
}

async function describe(client: ECSClient, name: string): Promise<Cluster> {
  const { clusters } = await client.send(new DescribeClustersCommand({ clusters: [name] }));
  const active = clusters?.find((each) => each.status === 'ACTIVE');
  if (!active) throw new UserError(`There is no cluster ${name}.`, 'See them with: longshore cluster list');
  return active;
}

async function deregister(client: ECSClient, cluster: string, instance: ContainerInstance, { io }: CliParts) {
  const containerInstance = instance.containerInstanceArn;
  await client.send(new DeregisterContainerInstanceCommand({ cluster, containerInstance, force: true }));
  io.err(`machine ${idOf(containerInstance)} is deregistered\n`);
}

/** Those of `groups` go with their machines; others are deregistered, and again if their agents come back meanwhile. */
async function untilMachinesAreGone(
  client: ECSClient,
  name: string,
  groups: readonly string[],
  deadline: number,
  parts: CliParts,
): Promise<void> {
  let said = 0;
  for (;;) {
    const instances = await instancesOf(client, name);
    const going = instances.filter((each) => groups.includes(each.capacityProviderName ?? ''));
    for (const each of instances) if (!going.includes(each)) await deregister(client, name, each, parts);
    if (going.length === 0) return;
    if (going.length !== said)
      parts.io.err(`waiting for ${going.length} ${going.length === 1 ? 'machine' : 'machines'} to go\n`);
    said = going.length;
    if (parts.clock.now() >= deadline)
      throw new UserError(
        `Machines that have not gone: ${going.length}.`,
        'Look with: longshore status. To wait for longer: --timeout SECONDS.',
      );
    await parts.clock.sleep(500);
  }
}
