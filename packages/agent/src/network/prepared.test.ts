// Prepared namespaces on the real Docker Engine: used once, replaced, and none left behind, after a crash either.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Engine } from '../docker/engine.ts';
import { labels } from '../task/names.ts';
import { type Harness, openHarness, shell, taskOf, until } from '../testing/harness.ts';
import { createHolders, holderLabel } from './holders.ts';
import { waitingProgram } from './holder-image.ts';

describe('the program of a holder', () => {
  test.each(['x86_64', 'amd64', 'aarch64', 'arm64'])('is a small ELF file on %s', (architecture) => {
    const program = waitingProgram(architecture);
    expect(program?.subarray(0, 4).toString('latin1')).toBe('\u007fELF');
    expect(program?.length).toBeLessThan(200);
  });
  test('is not there for an architecture that nobody has written it for', () => {
    expect(waitingProgram('riscv64')).toBeUndefined();
  });
});

describe('prepared networks', () => {
  let harness: Harness;
  beforeEach(async () => {
    harness = await openHarness();
  });
  afterEach(() => harness.close());

  async function agentId(): Promise<string> {
    const { readFile } = await import('node:fs/promises');
    const file = JSON.parse(await readFile(`${harness.dataDir}/instance.json`, 'utf8')) as { agentId: string };
    return file.agentId;
  }
  const holders = async () => harness.engine.listContainers([`${holderLabel}=${await agentId()}`]);
  const ready = (count: number) =>
    until(`${count} holders are ready`, async () => {
      const running = (await holders()).filter((one) => one.State === 'running');
      return running.length === count && running;
    });

  test('a container joins one, with a network that works; when it ends, the namespace goes', async () => {
    const agent = await harness.start({ preparedNetworks: 1 });
    const [holder] = await ready(1);
    const { plane } = harness;
    const task = taskOf([shell(plane, 'ip route | grep -q default && exec sleep 1000', { stopTimeout: 0 })]);
    plane.payload(task);
    const running = await harness.reported(task.arn, 'RUNNING');
    const seen = await harness.engine.inspectContainer(running.containers?.[0]?.runtimeId ?? '');
    expect(seen?.HostConfig.NetworkMode).toBe(`container:${holder?.Id}`);
    // Another one is made ready meanwhile.
    await ready(2);
    plane.payload({ ...task, desiredStatus: 'STOPPED' });
    await harness.reported(task.arn, 'STOPPED');
    const [next] = await ready(1);
    expect(next?.Id).not.toBe(holder?.Id);
    await agent.stop();
    expect(await holders()).toEqual([]);
  });

  test.each([
    ['has ended', (engine: Engine, id: string) => engine.stopContainer(id, 0)],
    ['is gone', (engine: Engine, id: string) => engine.removeContainer(id)],
  ])('a container whose holder %s meanwhile is made anew, and runs once', async (_how, endHolder) => {
    await harness.start({ preparedNetworks: 1 });
    const [holder] = await ready(1);
    await endHolder(harness.engine, holder?.Id ?? '');
    const { plane } = harness;
    const task = taskOf([shell(plane, 'exec sleep 1000', { stopTimeout: 0 })]);
    plane.payload(task);
    const running = await harness.reported(task.arn, 'RUNNING');
    const made = await harness.containers(task.arn);
    expect(made.map((one) => one.Id)).toEqual([running.containers?.[0]?.runtimeId]);
    expect(made[0]?.HostConfig?.NetworkMode).not.toBe(`container:${holder?.Id}`);
    plane.payload({ ...task, desiredStatus: 'STOPPED' });
    await harness.reported(task.arn, 'STOPPED');
  });

  test('a port is published as ever', async () => {
    await harness.start({ preparedNetworks: 1 });
    await ready(1);
    const { plane } = harness;
    const portMappings = [{ containerPort: 80, hostPort: 0, protocol: 'tcp' as const }];
    const task = taskOf([shell(plane, 'exec sleep 1000', { portMappings, stopTimeout: 0 })]);
    plane.payload(task);
    const running = await harness.reported(task.arn, 'RUNNING');
    expect(running.containers?.[0]?.networkBindings?.[0]?.hostPort).toBeGreaterThan(0);
    plane.payload({ ...task, desiredStatus: 'STOPPED' });
    await harness.reported(task.arn, 'STOPPED');
  });

  test('what a crash left is removed at the next start, unless a container uses it', async () => {
    const first = await harness.start();
    const { engine, log } = harness;
    await first.stop();
    const owner = { agentId: await agentId() };
    const made = createHolders({ engine, log, ...owner });
    const [used, forgotten] = [await made.make(), await made.make()];
    await engine.createContainer('', {
      Image: 'longshore/network-holder:1',
      Labels: { [labels.agent]: owner.agentId, [labels.taskArn]: 'somebody', [labels.containerName]: 'main' },
      HostConfig: { NetworkMode: `container:${used}` },
    });
    await harness.start();
    const left = await until('the forgotten holder is gone', async () => {
      const list = await holders();
      return list.every((one) => one.Id !== forgotten) && list;
    });
    expect(left.map((one) => one.Id)).toEqual([used]);
  });
});
