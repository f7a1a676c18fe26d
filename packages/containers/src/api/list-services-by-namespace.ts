// ListServicesByNamespace: services that Service Connect joins to a namespace. Longshore has no Service Connect (services
// find each other by DNS), so no service is ever in the list.
import {
  ListServicesByNamespace$,
  type ListServicesByNamespaceRequest,
  type ListServicesByNamespaceResponse,
} from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { anyAccess } from '../access.ts';
import { invalidParameter } from '../errors.ts';
import { readPage } from '../paging.ts';

export function listServicesByNamespace() {
  return operation<ListServicesByNamespaceRequest, ListServicesByNamespaceResponse>({
    name: 'ListServicesByNamespace',
    schema: ListServicesByNamespace$,
    effect: 'read',
    access: anyAccess,
    async handle(input, call) {
      const namespace = input.namespace ?? '';
      if (namespace === '' || namespace.length > 1024 || /\s/.test(namespace))
        throw invalidParameter('namespace must be the name or the ARN of a namespace, up to 1024 characters.');
      readPage(input, ['ListServicesByNamespace', call.principal.account, namespace], 10);
      return { serviceArns: [] };
    },
  });
}
