// Repositories named by ARN, as the tagging operations do.
import type { AccessRequest } from '@longshore/aws';
import { parseAccountId, parseArn } from '@longshore/base';
import type { Core } from '../core.ts';
import { parseRepositoryName, type RepositoryRef } from '../names.ts';
import { invalid, repositoryResource } from './ecr-operation.ts';

/** The repository of `arn:aws:ecr:REGION:ACCOUNT:repository/NAME`. Throws parameterInvalid. */
export function refOfArn(core: Core, text: string | undefined): RepositoryRef {
  const arn = parseArn((text ?? '').slice(0, 2_048));
  const account = parseAccountId(arn?.account ?? '');
  const name = arn?.resource.startsWith('repository/')
    ? parseRepositoryName(arn.resource.slice('repository/'.length))
    : undefined;
  if (!arn || arn.service !== 'ecr' || arn.region !== core.region || !account || !name) {
    throw invalid("Invalid parameter at 'resourceArn': the ARN of a repository of this region.");
  }
  return { account, name };
}

export async function accessByArn(core: Core, text: string | undefined): Promise<AccessRequest> {
  return { resources: [await repositoryResource(core, refOfArn(core, text))] };
}
