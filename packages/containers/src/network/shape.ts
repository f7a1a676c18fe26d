// A task's network interface as DescribeTasks shows it: an attachment of the task, and an interface of each container.
import type { Attachment, NetworkInterface } from '@aws-sdk/client-ecs';
import type { TaskRecord } from '../tasks.ts';

const statuses: Readonly<Partial<Record<TaskRecord['lastStatus'], string>>> = {
  PROVISIONING: 'PRECREATED',
  PENDING: 'ATTACHING',
  DEPROVISIONING: 'DETACHING',
  STOPPED: 'DELETED',
};

/** Looks like an interface's id of EC2; follows from the attachment's. */
function interfaceId(attachmentId: string): string {
  return `eni-${attachmentId.replaceAll('-', '').slice(0, 17)}`;
}

export function shapeAttachments(task: TaskRecord): Attachment[] {
  const given = task.document.networkInterface;
  if (given === undefined) return [];
  const details = {
    subnetId: given.subnetId,
    networkInterfaceId: interfaceId(given.attachmentId),
    macAddress: given.macAddress,
    privateIPv4Address: given.privateIpv4Address,
  };
  return [
    {
      id: given.attachmentId,
      type: 'ElasticNetworkInterface',
      status: statuses[task.lastStatus] ?? 'ATTACHED',
      details: Object.entries(details).map(([name, value]) => ({ name, value })),
    },
  ];
}

export function shapeInterfaces(task: TaskRecord): NetworkInterface[] {
  const given = task.document.networkInterface;
  if (given === undefined) return [];
  return [{ attachmentId: given.attachmentId, privateIpv4Address: given.privateIpv4Address }];
}
