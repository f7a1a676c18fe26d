// The plays of which every write is crashed.
import type { Play } from './sweep.ts';

export const plays: readonly Play[] = [
  {
    name: 'a task runs and is stopped',
    machines: 1,
    async act({ people, rest }) {
      await people.register(['forever']);
      const arns = await people.runTask('forever', 1);
      await rest();
      for (const arn of arns) await people.stopTask(arn);
    },
  },
  {
    name: 'two containers, one of which ends by itself',
    machines: 1,
    async act({ people, rest }) {
      await people.register(['pair', 'short']);
      await people.runTask('pair', 1);
      await people.runTask('short', 1);
      await rest();
    },
  },
  {
    name: 'a service of two is deployed anew',
    machines: 1,
    async act({ people, rest }) {
      await people.register(['forever', 'web']);
      await people.createService('blue', { desired: 2, family: 'forever' });
      await rest();
      await people.updateService('blue', { desired: 2, family: 'web' });
      await rest();
      await people.updateService('blue', { desired: 0, family: 'web' });
    },
  },
  {
    name: 'a machine is drained',
    machines: 2,
    async act({ people, rest, busyInstance, emptied }) {
      await people.register(['forever']);
      await people.createService('blue', { desired: 2, family: 'forever' });
      await rest();
      const instance = busyInstance();
      await people.setState(instance, 'DRAINING');
      await emptied(instance);
      await people.setState(instance, 'ACTIVE');
    },
  },
];
