// A user of a random world: runs and stops tasks, changes services and drains machines, as the dice fall.
import { endless, families } from './definitions.ts';
import type { People } from './people.ts';
import type { Random } from './random.ts';

export interface User {
  /** Makes definitions and services. Resolves when all was answered. */
  prepare(): Promise<void>;
  /** One thing that people do; resolves when it was answered. */
  act(): Promise<void>;
  /** Brings everything into a state that can be kept: nothing drained, not more tasks than there is room for. */
  settle(): Promise<void>;
}

/** Standalone tasks that run on, at once: so many find room beside the services on what machines there are. */
const mostEndless = 4;
const serviceNames = ['blue', 'green'];

export function createUser(people: People, random: Random): User {
  const busy = new Set<string>();
  /** Each world knows some of the definitions. */
  const known = families.filter((each) => each === 'forever' || random.chance(0.4));
  const lasting = known.filter((each) => endless.includes(each));

  async function runTask(family: string): Promise<void> {
    if (endless.includes(family) && people.endlessTasks().length >= mostEndless) return;
    await people.runTask(family, random.int(1, 4));
  }

  async function updateService(name: string): Promise<void> {
    const before = people.promised.services.get(name);
    if (!before || busy.has(name)) return;
    busy.add(name);
    const desired = random.chance(0.6) ? random.int(0, 4) : before.desired;
    const family = random.chance(0.4) ? random.pick(lasting) : before.family;
    await people.updateService(name, { desired, family }, random.chance(0.15));
    busy.delete(name);
  }

  async function drainOrDeregister(): Promise<void> {
    const seen = await people.instances();
    if (seen.length === 0) return;
    const { arn, status } = random.pick(seen);
    if (random.chance(0.2)) await people.deregister(arn);
    else await people.setState(arn, status === 'ACTIVE' ? 'DRAINING' : 'ACTIVE');
  }

  return {
    async prepare() {
      await people.register(known);
      for (const name of serviceNames)
        await people.createService(name, { desired: random.int(0, 4), family: random.pick(lasting) });
    },
    async act() {
      const dice = random.next();
      if (dice < 0.45) return runTask(random.pick(known));
      if (dice < 0.5) {
        // Many at once want the same room.
        const family = random.pick(known);
        await Promise.all([1, 2, 3, 4].map(() => runTask(family)));
        return;
      }
      if (dice < 0.72) {
        const running = [...people.promised.tasks].filter(([, stopped]) => !stopped).map(([arn]) => arn);
        return running.length > 0 ? people.stopTask(random.pick(running)) : undefined;
      }
      if (dice < 0.94) return updateService(random.pick(serviceNames));
      return drainOrDeregister();
    },
    async settle() {
      for (const { arn, status } of await people.instances())
        if (status === 'DRAINING') await people.setState(arn, 'ACTIVE');
      for (const arn of people.endlessTasks().slice(mostEndless)) await people.stopTask(arn);
    },
  };
}
