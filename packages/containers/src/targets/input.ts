// `loadBalancers` and `serviceRegistries` of a service: checked against its task definition and against what they name.
import type { LoadBalancer, ServiceRegistry } from '@aws-sdk/client-ecs';
import type { Core } from '../core.ts';
import type { DefinitionRecord } from '../definitions.ts';
import { invalidParameter, unsupported } from '../errors.ts';
import type { ServiceDocument } from '../services/rows.ts';
import type { TaskTargets } from '../tasks.ts';

const mostLoadBalancers = 5;

type Attachments = Pick<ServiceDocument, 'loadBalancers' | 'serviceRegistries'>;

interface GivenAttachments {
  readonly loadBalancers?: readonly LoadBalancer[] | undefined;
  readonly serviceRegistries?: readonly ServiceRegistry[] | undefined;
}

function networkModeOf(definition: DefinitionRecord): string {
  return definition.document.networkMode ?? 'bridge';
}

function checkPort(definition: DefinitionRecord, name: string | undefined, port: number | undefined): void {
  const container = definition.document.containerDefinitions.find((each) => each.name === name);
  if (container === undefined)
    throw invalidParameter(`The container ${name ?? ''} does not exist in the task definition.`);
  const mapped = container.portMappings?.some((each) => each.containerPort === port && each.protocol !== 'udp');
  if (port === undefined || !mapped)
    throw invalidParameter(`The container ${name ?? ''} did not have a container port ${port ?? ''} defined.`);
}

async function checkLoadBalancer(core: Core, account: string, definition: DefinitionRecord, each: LoadBalancer) {
  if (core.loadBalancing === undefined) throw unsupported('loadBalancers of a service');
  if (each.loadBalancerName !== undefined) throw unsupported('A classic load balancer', 'Use a target group.');
  const arn = each.targetGroupArn ?? '';
  if (arn === '') throw invalidParameter('targetGroupArn must not be empty.');
  checkPort(definition, each.containerName, each.containerPort);
  const group = await core.loadBalancing.targetGroup(account, arn);
  if (group === undefined) throw invalidParameter(`The specified target group ${arn} does not exist.`);
  if (!group.attached)
    throw invalidParameter(
      `The target group with targetGroupArn ${arn} does not have an associated load balancer. Forward to it from a listener first.`,
    );
  const mode = networkModeOf(definition);
  if (mode === 'awsvpc' && group.targetType !== 'ip')
    throw invalidParameter(
      `The provided target group ${arn} has target type ${group.targetType}, which is incompatible with the awsvpc network mode specified in the task definition.`,
    );
  if (mode === 'none') throw invalidParameter('Tasks with the network mode none cannot have load balancers.');
}

async function checkRegistry(core: Core, account: string, definition: DefinitionRecord, each: ServiceRegistry) {
  if (core.serviceDiscovery === undefined) throw unsupported('serviceRegistries of a service');
  const arn = each.registryArn ?? '';
  const registry = arn === '' ? undefined : await core.serviceDiscovery.registry(account, arn);
  if (registry === undefined) throw invalidParameter(`The specified service registry ${arn} does not exist.`);
  const named = each.containerName !== undefined || each.containerPort !== undefined;
  if (named && each.port !== undefined)
    throw invalidParameter('Specify either port, or containerName and containerPort, not both.');
  if (named) checkPort(definition, each.containerName, each.containerPort);
  const wantsPort = registry.recordTypes.includes('SRV');
  if (wantsPort && !named && each.port === undefined)
    throw invalidParameter(
      'When the service registry has SRV records, containerName and containerPort, or port, must be given.',
    );
}

/** What a new service revision is registered with; `current` fills in what is left out. Throws InvalidParameterException. */
export async function readAttachments(
  core: Core,
  account: string,
  given: GivenAttachments,
  definition: DefinitionRecord,
  current: Attachments = {},
): Promise<Attachments> {
  const loadBalancers = given.loadBalancers ?? current.loadBalancers ?? [];
  const serviceRegistries = given.serviceRegistries ?? current.serviceRegistries ?? [];
  if (loadBalancers.length > mostLoadBalancers)
    throw invalidParameter(`A service may have at most ${mostLoadBalancers} target groups.`);
  if (serviceRegistries.length > 1) throw invalidParameter('A service may have at most 1 service registry.');
  for (const each of loadBalancers) await checkLoadBalancer(core, account, definition, each);
  for (const each of serviceRegistries) await checkRegistry(core, account, definition, each);
  return { loadBalancers, serviceRegistries };
}

/** Whether a service is asked for others than it has: that makes a new revision. */
export function attachmentsChange(given: GivenAttachments, current: Attachments): boolean {
  const differs = (a: unknown, b: unknown) => a !== undefined && JSON.stringify(a) !== JSON.stringify(b ?? []);
  return (
    differs(given.loadBalancers, current.loadBalancers) || differs(given.serviceRegistries, current.serviceRegistries)
  );
}

/** What is noted in a task at its launch; undefined if it has none of both. */
export function taskTargets(attachments: Attachments, definition: DefinitionRecord): TaskTargets | undefined {
  const { loadBalancers = [], serviceRegistries = [] } = attachments;
  if (loadBalancers.length + serviceRegistries.length === 0) return undefined;
  return { loadBalancers, serviceRegistries, networkMode: networkModeOf(definition) };
}
