// The networkConfiguration of a launch or a service: needed by tasks in awsvpc mode, refused for others. Subnets and security
// groups are names of Amazon's network that mean nothing here: they are checked, kept and shown, so that what people bring
// is taken as it is; the address comes from the instance's own subnet.
import type { AwsVpcConfiguration, NetworkConfiguration } from '@aws-sdk/client-ecs';
import type { DefinitionRecord } from '../definitions.ts';
import { invalidParameter } from '../errors.ts';

const limits = { subnets: 16, securityGroups: 5 } as const;

function checkNames(field: keyof typeof limits, names: readonly string[]): void {
  if (names.length > limits[field]) throw invalidParameter(`${field} can have at most ${limits[field]} items.`);
  for (const name of names)
    if (!/^[A-Za-z0-9_.:/-]{1,255}$/.test(name))
      throw invalidParameter(`${field} has an invalid item: ${name.slice(0, 80)}.`);
}

function read(given: AwsVpcConfiguration): AwsVpcConfiguration {
  const subnets = given.subnets ?? [];
  if (subnets.length === 0) throw invalidParameter('subnets can not be empty.');
  checkNames('subnets', subnets);
  checkNames('securityGroups', given.securityGroups ?? []);
  if (given.assignPublicIp === 'ENABLED')
    throw invalidParameter('Assign public IP is not supported for this launch type.');
  if (given.assignPublicIp !== undefined && given.assignPublicIp !== 'DISABLED')
    throw invalidParameter('assignPublicIp must be ENABLED or DISABLED.');
  return { subnets, securityGroups: given.securityGroups ?? [], assignPublicIp: 'DISABLED' };
}

/** Checked and completed; undefined for a task that has no interface of its own. Throws InvalidParameterException. */
export function readNetworkConfiguration(
  given: NetworkConfiguration | undefined,
  definition: Pick<DefinitionRecord, 'document'>,
): NetworkConfiguration | undefined {
  if (definition.document.networkMode !== 'awsvpc') {
    if (given?.awsvpcConfiguration !== undefined)
      throw invalidParameter('Network Configuration is not valid for the given networkMode of this task definition.');
    return undefined;
  }
  if (given?.awsvpcConfiguration === undefined)
    throw invalidParameter("Network Configuration must be provided when networkMode 'awsvpc' is specified.");
  return { awsvpcConfiguration: read(given.awsvpcConfiguration) };
}

/** The configuration of a service's next deployment: the one it has stays, where one is needed and none is given. */
export function renewedNetwork(
  given: NetworkConfiguration | undefined,
  before: { readonly networkConfiguration?: NetworkConfiguration | undefined },
  definition: Pick<DefinitionRecord, 'document'>,
): NetworkConfiguration | undefined {
  const kept = definition.document.networkMode === 'awsvpc' ? before.networkConfiguration : undefined;
  return readNetworkConfiguration(given ?? kept, definition);
}
