// What the agent remembers of itself: who it is on this machine, and which container instance it is registered as.
import { join } from 'node:path';
import { type Disk, newHexId, openFolder, readIfThere, realDisk, writeDurably } from '@longshore/base';
import { z } from 'zod';

const instanceSchema = z.object({
  /** Marks this agent's containers; random, made once. */
  agentId: z.string().regex(/^[0-9a-f]{32}$/),
  cluster: z.string(),
  instanceArn: z.string().optional(),
  /** The highest sequence number seen in payloads and manifests; an older manifest is stale. */
  lastSequence: z.number().int().nonnegative(),
  /** Where the task endpoint listened last: containers know it. */
  endpointPort: z.number().int().positive().optional(),
});

export type Instance = Readonly<z.infer<typeof instanceSchema>>;

type Change = Partial<Instance> | ((current: Instance) => Partial<Instance>);

export interface InstanceFile {
  /** What is on disk: an identity that a crash would lose is never used. */
  current(): Instance;
  /** Durable, and current, when it resolves. */
  update(change: Change): Promise<void>;
}

/** Opens the instance file in `dataDir`, or makes it. Throws if it is there and not understood: it is never guessed. */
export async function openInstanceFile(dataDir: string, cluster: string, disk: Disk = realDisk): Promise<InstanceFile> {
  await openFolder(dataDir, disk);
  const path = join(dataDir, 'instance.json');
  const text = await readIfThere(path, 64 * 1024, disk);
  const fresh = () => ({ agentId: newHexId(), cluster, lastSequence: 0 });
  let instance: Instance = text === undefined ? fresh() : instanceSchema.parse(JSON.parse(text));
  // Another cluster means another registration; the identity on this machine stays.
  if (instance.cluster !== cluster) instance = { ...fresh(), agentId: instance.agentId };
  let tail = writeDurably(path, JSON.stringify(instance), disk);
  await tail;
  return {
    current: () => instance,
    update(change) {
      const write = async () => {
        const next = { ...instance, ...(typeof change === 'function' ? change(instance) : change) };
        await writeDurably(path, JSON.stringify(next), disk);
        instance = next;
      };
      tail = tail.then(write, write);
      return tail;
    },
  };
}
