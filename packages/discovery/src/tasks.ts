// What the container service needs of service discovery: whether a registry is there, and the instances that its tasks are.
import { sql, type Step } from '@longshore/store';
import type { DiscoveryCore } from './core.ts';
import { findInstances, findMapServices, idOf, type Instance, saveInstance } from './records.ts';

export interface TaskInstance {
  readonly registryArn: string;
  /** The task's ARN; its last part is the instance's id. */
  readonly owner: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly healthy: boolean;
}

export interface TaskDiscovery {
  registry(account: string, arn: string): Promise<{ readonly recordTypes: readonly string[] } | undefined>;
  /** Makes these the instances of all tasks. */
  setInstances(instances: readonly TaskInstance[]): Promise<void>;
}

function same(a: Instance, b: Instance): boolean {
  return (
    a.owner === b.owner && a.healthy === b.healthy && JSON.stringify(a.attributes) === JSON.stringify(b.attributes)
  );
}

const lastPart = (arn: string) => arn.slice(arn.lastIndexOf('/') + 1);

export function taskDiscovery(core: DiscoveryCore): TaskDiscovery {
  return {
    async registry(account, arn) {
      if (!arn.startsWith('arn:')) return undefined;
      const id = idOf(account, arn, 'service');
      const [found] = await findMapServices(core.store, sql`id = ${id} AND account = ${account}`);
      return found && { recordTypes: found.records.map((each) => each.type) };
    },
    async setInstances(instances) {
      await core.store.update(async (view) => {
        const services = new Set((await findMapServices(view, sql`1 = 1`)).map((each) => each.id));
        const held = new Map(
          (await findInstances(view, sql`owner <> ''`)).map((each) => [`${each.serviceId}/${each.id}`, each]),
        );
        const wanted = new Map<string, Instance>();
        for (const { registryArn, owner, attributes, healthy } of instances) {
          const serviceId = lastPart(registryArn);
          if (!services.has(serviceId)) continue;
          const id = lastPart(owner);
          wanted.set(`${serviceId}/${id}`, { serviceId, id, owner, attributes, healthy });
        }
        const steps: Step[] = [];
        for (const [key, instance] of wanted) {
          const before = held.get(key);
          if (before === undefined || !same(before, instance)) steps.push(saveInstance(instance));
        }
        for (const [key, { serviceId, id, owner }] of held)
          if (!wanted.has(key))
            steps.push({
              sql: sql`DELETE FROM sd_instances WHERE service_id = ${serviceId} AND instance_id = ${id} AND owner = ${owner}`,
            });
        return { steps, result: undefined };
      });
    },
  };
}
