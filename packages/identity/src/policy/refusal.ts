// The sentences of access-denied errors (IAM user guide, "Troubleshoot access denied error messages").
import type { Principal } from '@longshore/aws';
import type { Denial } from './evaluate.ts';

function because(denial: Denial, action: string): string {
  switch (denial) {
    case 'identity-deny':
      return 'with an explicit deny in an identity-based policy';
    case 'resource-deny':
      return 'with an explicit deny in a resource-based policy';
    case 'no-identity-allow':
      return `because no identity-based policy allows the ${action} action`;
    case 'no-resource-allow':
      return `because no resource-based policy allows the ${action} action`;
  }
}

export function refusalText(principal: Principal, action: string, resource: string, denial: Denial): string {
  return `User: ${principal.arn} is not authorized to perform: ${action} on resource: ${resource} ${because(denial, action)}`;
}
