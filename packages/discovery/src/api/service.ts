// The Cloud Map API: its operations as far as services and their tools need them.
import { type AnyOperation, type AwsService, awsService } from '@longshore/aws';
import type { DiscoveryCore } from '../core.ts';
import { mapErrors } from '../errors.ts';
import {
  deregisterInstance,
  discoverInstances,
  getInstance,
  getInstancesHealthStatus,
  listInstances,
  registerInstance,
  updateInstanceCustomHealthStatus,
} from './instances.ts';
import {
  createHttpNamespace,
  createPrivateDnsNamespace,
  deleteNamespace,
  getNamespace,
  getOperation,
  listNamespaces,
} from './namespaces.ts';
import { createService, deleteService, getService, listServices } from './services.ts';
import { listTagsForResource, tagResource, untagResource } from './tags.ts';

const operations: readonly ((core: DiscoveryCore) => AnyOperation)[] = Object.freeze([
  createHttpNamespace,
  createPrivateDnsNamespace,
  createService,
  deleteNamespace,
  deleteService,
  deregisterInstance,
  discoverInstances,
  getInstance,
  getInstancesHealthStatus,
  getNamespace,
  getOperation,
  getService,
  listInstances,
  listNamespaces,
  listServices,
  listTagsForResource,
  registerInstance,
  tagResource,
  untagResource,
  updateInstanceCustomHealthStatus,
]);

export function mapApi(core: DiscoveryCore): AwsService {
  return awsService({
    name: 'servicediscovery',
    protocol: 'json-1.1',
    targetPrefix: 'Route53AutoNaming_v20170314',
    missingMember: (place) => mapErrors.invalid(`The required parameter '${place}' is missing.`),
    operations: operations.map((make) => make(core)),
  });
}
