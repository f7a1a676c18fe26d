// Capacity providers as the API shows them.
import type { CapacityProvider } from '@aws-sdk/client-ecs';
import type { CleanTag } from '../tags.ts';
import type { ProviderRecord } from './records.ts';

export function shapeProvider(provider: ProviderRecord, tags: readonly CleanTag[] = []): CapacityProvider {
  const { document } = provider;
  return {
    capacityProviderArn: provider.arn,
    name: provider.name,
    status: 'ACTIVE',
    type: 'EC2_AUTOSCALING',
    autoScalingGroupProvider: {
      autoScalingGroupArn: document.autoScalingGroupArn,
      managedScaling: { ...document.managedScaling },
      managedTerminationProtection: document.managedTerminationProtection,
      managedDraining: document.managedDraining,
    },
    updateStatus: document.updated ? 'UPDATE_COMPLETE' : 'CREATE_COMPLETE',
    tags: tags.map((each) => ({ ...each })),
  };
}
