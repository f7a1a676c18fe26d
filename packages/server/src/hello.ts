// The first start's welcome: an image built on the spot from a build artifact, stored in the registry, and run as a
// service through the same API that users call.
import {
  CreateServiceCommand,
  DescribeServicesCommand,
  DescribeTasksCommand,
  ECSClient,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
  type Task,
} from '@aws-sdk/client-ecs';
import type { Principal } from '@longshore/aws';
import { type Clock, type Logger, UserError } from '@longshore/base';
import { buildImage, prepareHello } from '@longshore/builds';
import type { Registry } from '@longshore/registry';

export interface HelloParts {
  readonly endpoint: string;
  readonly region: string;
  readonly cluster: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly principal: Principal;
  readonly registry: Registry;
  /** What published ports bind to; names the host of the URL. */
  readonly publishAddress: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly onProgress: (line: string) => void;
}

const name = 'hello';
const containerPort = 8080;

/** Builds, stores and runs hello; resolves to its URL. Throws `UserError` with what kept it from running. */
export async function runHello(parts: HelloParts): Promise<string> {
  const { account } = parts.principal;
  await using artifact = await prepareHello();
  parts.onProgress('Building the hello image from its build artifact');
  const writer = await parts.registry.imageWriter(parts.principal, name);
  const built = await buildImage({ contextDir: artifact.contextDir, tag: 'latest', writer });
  const ecs = new ECSClient({ endpoint: parts.endpoint, region: parts.region, credentials: parts.credentials });
  try {
    parts.onProgress(`Stored hello:latest (${built.layers.length} layers); starting it as a service`);
    const host = new URL(parts.endpoint).host;
    await ecs.send(
      new RegisterTaskDefinitionCommand({
        family: name,
        networkMode: 'bridge',
        containerDefinitions: [
          {
            name,
            image: `${host}/${account}/${name}:latest`,
            memory: 32,
            essential: true,
            portMappings: [{ containerPort, hostPort: 0 }],
          },
        ],
      }),
    );
    await ecs.send(
      new CreateServiceCommand({
        cluster: parts.cluster,
        serviceName: name,
        taskDefinition: name,
        desiredCount: 1,
        clientToken: `hello-${account}`,
      }),
    );
    return await helloUrl(ecs, parts);
  } finally {
    ecs.destroy();
  }
}

async function helloUrl(ecs: ECSClient, parts: HelloParts): Promise<string> {
  const deadline = parts.clock.now() + 60_000;
  let seen: Task | undefined;
  while (parts.clock.now() < deadline && !parts.signal.aborted) {
    seen = await helloTask(ecs, parts.cluster);
    const port = seen?.containers?.[0]?.networkBindings?.[0]?.hostPort;
    if (seen?.lastStatus === 'RUNNING' && port !== undefined) {
      const host = parts.publishAddress === '0.0.0.0' ? '127.0.0.1' : parts.publishAddress;
      return `http://${host}:${port}/`;
    }
    await parts.clock.sleep(100, parts.signal);
  }
  const reason =
    seen?.stoppedReason ??
    seen?.containers?.[0]?.reason ??
    (await lastEvent(ecs, parts.cluster)) ??
    'its task did not reach RUNNING within 60 s';
  throw new UserError(`The hello service does not run: ${reason}`, 'See `longshore ps` and `longshore status`.');
}

async function helloTask(ecs: ECSClient, cluster: string): Promise<Task | undefined> {
  const running = await ecs.send(new ListTasksCommand({ cluster, serviceName: name }));
  const arns = running.taskArns?.length
    ? running.taskArns
    : (await ecs.send(new ListTasksCommand({ cluster, serviceName: name, desiredStatus: 'STOPPED' }))).taskArns;
  if (!arns?.length) return undefined;
  return (await ecs.send(new DescribeTasksCommand({ cluster, tasks: arns.slice(0, 1) }))).tasks?.[0];
}

async function lastEvent(ecs: ECSClient, cluster: string): Promise<string | undefined> {
  const answer = await ecs.send(new DescribeServicesCommand({ cluster, services: [name] }));
  return answer.services?.[0]?.events?.[0]?.message;
}
