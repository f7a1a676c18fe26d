// The processor that a task definition is for, as a constraint on the instances: an image for another one would only end
// with «exec format error». An instance that does not say what it has is taken at its operator's word.
import type { RuntimePlatform } from '@aws-sdk/client-ecs';

/** What agents register as `ecs.cpu-architecture`. */
const architectures = { X86_64: 'x86_64', ARM64: 'arm64' } as const;

/** In the cluster query language; empty where the definition does not say. */
export function platformConstraints(platform: RuntimePlatform | undefined): string[] {
  const wanted = platform?.cpuArchitecture && architectures[platform.cpuArchitecture];
  if (!wanted) return [];
  const attribute = 'attribute:ecs.cpu-architecture';
  return [`${attribute} !exists or ${attribute} == ${wanted}`];
}
