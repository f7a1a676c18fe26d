// Three machines, each with a Docker Engine and an agent of its own.
import {
  DescribeContainerInstancesCommand,
  ListContainerInstancesCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
} from '@aws-sdk/client-ecs';
import { expect, test } from 'vitest';
import { until } from './support/longshore.ts';
import { startMachines, whyNoMachines } from './support/machines.ts';

test.skipIf(whyNoMachines)(
  'machines register with their addresses and run tasks of an image in the registry',
  async () => {
    await using machines = await startMachines({ count: 3 });
    const { ecs } = machines;
    const image = await machines.pushBusybox('sleeper:1');
    const { containerInstanceArns: arns } = await ecs.send(new ListContainerInstancesCommand({}));
    const { containerInstances } = await ecs.send(
      new DescribeContainerInstancesCommand({ containerInstances: arns ?? [] }),
    );
    const address = (name: string) =>
      containerInstances?.map((each) => each.attributes?.find((one) => one.name === name)?.value).toSorted();
    expect(address('longshore.address')).toEqual(machines.all.map((each) => each.address).toSorted());
    await ecs.send(
      new RegisterTaskDefinitionCommand({
        family: 'sleeper',
        containerDefinitions: [{ name: 'main', image, command: ['sleep', '3600'], memory: 200, stopTimeout: 2 }],
      }),
    );
    const { tasks } = await ecs.send(
      new RunTaskCommand({
        taskDefinition: 'sleeper',
        count: 3,
        placementStrategy: [{ type: 'spread', field: 'instanceId' }],
      }),
    );
    expect(tasks).toHaveLength(3);
    await until('each machine runs one', async () =>
      (await Promise.all(machines.all.map((each) => each.running()))).every((each) => each.length === 1),
    );
  },
  120_000,
);
