// The runtime schemas do not tell integers from fractions. These are the members of the API models that hold fractions; in
// the namespaces listed here every other number is an integer. A test compares the table with the models.

const table: Readonly<Record<string, ReadonlySet<string>>> = {
  'com.amazonaws.ecs': new Set([
    'CanaryConfiguration.canaryPercent',
    'DaemonDeploymentConfiguration.drainPercent',
    'LinearConfiguration.stepPercent',
    'ManagedApplicationAutoScalingPolicy.targetValue',
    'MemoryGiBPerVCpuRequest.max',
    'MemoryGiBPerVCpuRequest.min',
    'NetworkBandwidthGbpsRequest.max',
    'NetworkBandwidthGbpsRequest.min',
    'Resource.doubleValue',
    'Scale.value',
    'ServiceRevisionSummary.requestedProductionTrafficWeight',
    'ServiceRevisionSummary.requestedTestTrafficWeight',
    'TotalLocalStorageGBRequest.max',
    'TotalLocalStorageGBRequest.min',
  ]),
  'com.amazonaws.ecr': new Set(['CvssScore.baseScore', 'CvssScoreDetails.score', 'EnhancedImageScanFinding.score']),
  'com.amazonaws.iam': new Set(),
  'com.amazonaws.sts': new Set(),
};

/** Whether the number `structure.member` may have a fraction. */
export function isFractional(namespace: string, structure: string, member: string): boolean {
  const members = table[namespace];
  return members === undefined || members.has(`${structure}.${member}`);
}

/** The members listed for a namespace; undefined if it is not known. */
export function fractionalMembers(namespace: string): ReadonlySet<string> | undefined {
  return table[namespace];
}
