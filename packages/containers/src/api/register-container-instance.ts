// RegisterContainerInstance: a new instance, or one that comes back under its ARN. The answer echoes every attribute.
import {
  type Attribute,
  RegisterContainerInstance$,
  type RegisterContainerInstanceRequest,
  type RegisterContainerInstanceResponse,
} from '@aws-sdk/client-ecs';
import { operation } from '@longshore/aws';
import { newHexId } from '@longshore/base';
import { type Step, sql } from '@longshore/store';
import { clusterAccess } from '../access.ts';
import { readAttributes } from '../attributes.ts';
import { type ClusterRecord, clusterStillActive, requireCluster } from '../clusters.ts';
import { type Core, placeOf } from '../core.ts';
import { writeDocument } from '../documents.ts';
import { ecsErrors } from '../errors.ts';
import { instanceEvent } from '../events.ts';
import { findInstance, type InstanceDocument, type InstanceRecord, type Protocol } from '../instances.ts';
import { shapeInstances } from '../instance-shape.ts';
import { clusterArnOf, ecsArn, inClusterArn, lastPart, type Place } from '../names.ts';
import { type Registered, readRegistration } from '../registration.ts';
import { authorizeTags } from '../tag-access.ts';
import { findTags, readTags, tagSteps } from '../tags.ts';

function reservedPortSteps(arn: string, registered: Registered): Step[] {
  const reserve = (protocol: Protocol) => (port: number) => ({
    sql: sql`INSERT INTO ecs_ports (instance_arn, protocol, port, task_arn) VALUES (${arn}, ${protocol}, ${port}, '')
      ON CONFLICT (instance_arn, protocol, port) DO NOTHING`,
  });
  return [
    { sql: sql`DELETE FROM ecs_ports WHERE instance_arn = ${arn} AND task_arn = ''` },
    ...registered.tcp.map(reserve('tcp')),
    ...registered.udp.map(reserve('udp')),
  ];
}

interface Registering {
  readonly registered: Registered;
  readonly attributes: readonly Attribute[];
  readonly now: number;
}

function documentOf(registered: Registered, before?: InstanceDocument): InstanceDocument {
  const { gpuIds } = registered;
  // Tasks hold GPUs by their place: the known ones keep theirs.
  const known = before?.gpuIds ?? [];
  const all = [...known, ...gpuIds.filter((id) => !known.includes(id))];
  return {
    ...before,
    versionInfo: registered.versionInfo,
    reservedTcp: registered.tcp,
    reservedUdp: registered.udp,
    ...(all.length > 0 && { gpuIds: all }),
  };
}

function newInstance(place: Place, cluster: ClusterRecord, registering: Registering): { arn: string; steps: Step[] } {
  const { registered, attributes, now } = registering;
  const arn = ecsArn(place, 'container-instance', `${lastPart(cluster.arn)}/${newHexId()}`);
  const insert: Step = {
    sql: sql`INSERT INTO ecs_instances (arn, account, cluster_arn, status, connected, connection_id, replica, timeline,
        version, registered_at, cpu_registered, cpu_remaining, memory_registered, memory_remaining, attributes, document)
      VALUES (${arn}, ${place.account}, ${cluster.arn}, 'ACTIVE', 0, '', '', 0, 1, ${now}, ${registered.cpu},
        ${registered.cpu}, ${registered.memory}, ${registered.memory}, ${writeDocument([...attributes])},
        ${writeDocument(documentOf(registered))})`,
    expect: 1,
  };
  const known = {
    arn,
    clusterArn: cluster.arn,
    attributes,
    registeredAt: now,
    version: 0,
    document: documentOf(registered),
  };
  return { arn, steps: [insert, instanceEvent(known, now, { status: 'ACTIVE', connected: false })] };
}

/**
 * The same instance again. ECS refuses another size; here the size may change as long as what its tasks hold still fits
 * (a machine's memory differs by a little from boot to boot). Attributes that the caller does not send are kept.
 */
function sameInstance(instance: InstanceRecord, registering: Registering): Step {
  const { registered, attributes } = registering;
  const merged = new Map([...instance.attributes, ...attributes].map((each) => [each.name, each]));
  const cpu = registered.cpu - instance.cpuRegistered;
  const memory = registered.memory - instance.memoryRegistered;
  return {
    sql: sql`UPDATE ecs_instances SET cpu_registered = ${registered.cpu}, cpu_remaining = cpu_remaining + ${cpu},
        memory_registered = ${registered.memory}, memory_remaining = memory_remaining + ${memory},
        attributes = ${writeDocument([...merged.values()])}, document = ${writeDocument(documentOf(registered, instance.document))}, version = version + 1
      WHERE arn = ${instance.arn} AND status <> 'INACTIVE' AND cpu_registered = ${instance.cpuRegistered}
        AND memory_registered = ${instance.memoryRegistered}
        AND cpu_remaining + ${cpu} >= 0 AND memory_remaining + ${memory} >= 0`,
    expect: 1,
    otherwise: ecsErrors.instanceChanged,
  };
}

export function registerContainerInstance(core: Core) {
  return operation<RegisterContainerInstanceRequest, RegisterContainerInstanceResponse>({
    name: 'RegisterContainerInstance',
    schema: RegisterContainerInstance$,
    effect: 'write',
    access: (input, call) => clusterAccess(input.cluster, call),
    async handle(input, call) {
      const place = placeOf(call);
      const tags = readTags(input.tags);
      const cluster = lastPart(clusterArnOf(place, input.cluster) ?? '*');
      const made = ecsArn(place, 'container-instance', `${cluster}/*`);
      await authorizeTags(core, call, 'RegisterContainerInstance', tags, [made]);
      const registering = {
        registered: readRegistration(input),
        attributes: readAttributes(input.attributes),
        now: call.now,
      };
      const arn = await core.store.update(async (view) => {
        const cluster = await requireCluster(view, place, input.cluster);
        if (!input.containerInstanceArn) {
          const made = newInstance(place, cluster, registering);
          const more = [...reservedPortSteps(made.arn, registering.registered), ...tagSteps(made.arn, tags)];
          return { steps: [clusterStillActive(cluster.arn), ...made.steps, ...more], result: made.arn };
        }
        const known = inClusterArn('container-instance', cluster.arn, input.containerInstanceArn);
        const instance = await findInstance(view, known);
        if (instance === undefined || instance.clusterArn !== cluster.arn) throw ecsErrors.instanceNotFound();
        if (instance.status === 'INACTIVE') throw ecsErrors.instanceInactive();
        const more = [...reservedPortSteps(known, registering.registered), ...tagSteps(known, tags)];
        return { steps: [sameInstance(instance, registering), ...more], result: known };
      });
      const instance = await findInstance(core.store, arn);
      const tagsOf = await findTags(core.store, [arn]);
      const [containerInstance] = await shapeInstances(core.store, instance ? [instance] : [], (each) =>
        tagsOf.get(each),
      );
      return { containerInstance };
    },
  });
}
