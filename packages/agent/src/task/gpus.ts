// GPUs: which of the machine's a container was given, and how the Engine hands them over. Pure. The machine's operator lists
// them: `ID` alone is an NVIDIA device as its container toolkit names it (index or UUID), `ID=/dev/PATH` a device file.
import type { AcsTask } from '@longshore/aws';
import { UserError } from '@longshore/base';

export interface Gpu {
  readonly id: string;
  readonly path?: string | undefined;
}

/** Undefined for what is neither form. */
export function parseGpu(text: string): Gpu | undefined {
  const match = /^([A-Za-z0-9_.:-]{1,128})(?:=(\/dev\/[A-Za-z0-9_./-]{1,255}))?$/.exec(text);
  return match?.[1] ? { id: match[1], path: match[2] } : undefined;
}

/** Throws `UserError`. */
export function readGpus(texts: readonly string[] | undefined): readonly Gpu[] {
  const gpus = (texts ?? []).map((text) => {
    const gpu = parseGpu(text);
    if (!gpu) throw new UserError(`${text} names no GPU.`, 'Write ID for an NVIDIA device, or ID=/dev/PATH.');
    return gpu;
  });
  if (new Set(gpus.map((each) => each.id)).size < gpus.length) throw new UserError('A GPU is named twice.');
  return gpus;
}

/** The ids of the GPUs that belong to the container, as the control plane associated them. */
export function gpusOf(task: AcsTask, containerName: string): readonly string[] {
  return (task.associations ?? [])
    .filter((each) => each.type === 'gpu' && each.containers.includes(containerName))
    .map((each) => each.name);
}

interface GpuParts {
  readonly environment: Readonly<Record<string, string>>;
  readonly hostConfig: Readonly<Record<string, unknown>>;
}

/**
 * What a container's create request needs. On a machine with GPUs a container without any is told so: images of NVIDIA's ask
 * for all that there are.
 */
export function gpuParts(machine: readonly Gpu[], given: readonly string[], hostConfig: object): GpuParts {
  if (machine.length === 0 && given.length === 0) return { environment: {}, hostConfig: {} };
  if (given.length === 0) return { environment: { NVIDIA_VISIBLE_DEVICES: 'void' }, hostConfig: {} };
  const paths = given.flatMap((id) => machine.find((each) => each.id === id)?.path ?? []);
  const byToolkit = given.filter((id) => machine.find((each) => each.id === id)?.path === undefined);
  const { Devices = [] } = hostConfig as { readonly Devices?: readonly unknown[] };
  const devices = paths.map((path) => ({ PathOnHost: path, PathInContainer: path, CgroupPermissions: 'rwm' }));
  return {
    environment: { NVIDIA_VISIBLE_DEVICES: given.join(',') },
    hostConfig: {
      ...(devices.length > 0 && { Devices: [...Devices, ...devices] }),
      ...(byToolkit.length > 0 && {
        DeviceRequests: [{ Driver: 'nvidia', DeviceIDs: byToolkit, Capabilities: [['gpu']] }],
      }),
    },
  };
}
