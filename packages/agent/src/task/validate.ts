// The edge where a task from the control plane is read. What passes here is trusted inside; what does not is reported
// as stopped, with the reason, and never acknowledged.
import type { AcsRoleCredentials, AcsTask } from '@longshore/aws';
import { parseArn } from '@longshore/base';
import { z } from 'zod';
import { parseRange } from './port-ranges.ts';
import { parseImageReference } from '../docker/reference.ts';

const name = z
  .string()
  .min(1)
  .max(255)
  .regex(/^[A-Za-z0-9_.-]+$/);
const textMap = z
  .record(z.string().max(4096), z.string().max(131_072))
  .refine((map) => Object.keys(map).length <= 1000);
const strings = z.array(z.string().max(32_768)).max(1000);
const absent = <T extends z.ZodType>(schema: T) => schema.nullish().transform((value) => value ?? undefined);

function parsesAsObject(text: string): boolean {
  if (text === '') return true;
  try {
    const value: unknown = JSON.parse(text);
    return value === null || (typeof value === 'object' && !Array.isArray(value));
  } catch {
    return false;
  }
}
const jsonText = z.string().max(262_144).refine(parsesAsObject, 'must be the text of a JSON object');

const registryAuthentication = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('ecr'),
    ecrAuthData: z.object({
      registryId: z.string().max(64),
      region: z.string().max(64),
      endpointOverride: absent(z.string().max(1024)),
    }),
  }),
  z.object({
    type: z.literal('asm'),
    asmAuthData: z.object({ credentialsParameter: z.string().max(2048), region: z.string().max(64) }),
  }),
]);

const secret = z.object({
  name: z.string().min(1).max(4096),
  valueFrom: z.string().max(2048),
  region: absent(z.string().max(64)),
  provider: z.enum(['asm', 'file'], 'only secrets of Secrets Manager and files are supported'),
  target: z.enum(['CONTAINER', 'LOG_DRIVER']).default('CONTAINER'),
  type: z.enum(['ENVIRONMENT_VARIABLE', 'BOOTSTRAP']).default('ENVIRONMENT_VARIABLE'),
});

const container = z.object({
  name,
  image: z.string().refine((text) => parseImageReference(text) !== undefined, 'is not an image reference'),
  cpu: z.number().int().nonnegative().default(0),
  memory: z.number().int().nonnegative().default(0),
  essential: z.boolean().default(true),
  command: absent(strings),
  entryPoint: absent(strings),
  environment: textMap.nullish().transform((value) => value ?? {}),
  portMappings: z
    .array(
      z.object({
        containerPort: z.number().int().min(0).max(65_535).default(0),
        hostPort: z.number().int().min(0).max(65_535).default(0),
        containerPortRange: absent(z.string().refine((text) => parseRange(text) !== undefined, 'is not a range')),
        protocol: z.enum(['tcp', 'udp']).default('tcp'),
      }),
    )
    .max(200)
    .nullish()
    .transform((value) => value ?? []),
  mountPoints: z
    .array(
      z.object({
        sourceVolume: z.string().max(255),
        containerPath: z.string().min(1).max(4096),
        readOnly: z
          .boolean()
          .nullish()
          .transform((value) => value ?? false),
      }),
    )
    .max(200)
    .nullish()
    .transform((value) => value ?? []),
  volumesFrom: z
    .array(
      z.object({
        sourceContainer: name,
        readOnly: z
          .boolean()
          .nullish()
          .transform((value) => value ?? false),
      }),
    )
    .max(50)
    .nullish()
    .transform((value) => value ?? []),
  links: absent(z.array(z.string().min(1).max(600)).max(50)),
  dependsOn: absent(
    z.array(z.object({ containerName: name, condition: z.enum(['START', 'COMPLETE', 'SUCCESS', 'HEALTHY']) })).max(50),
  ),
  startTimeout: absent(z.number().int().nonnegative().max(86_400)),
  stopTimeout: absent(z.number().int().nonnegative().max(86_400)),
  healthCheckType: absent(z.literal('docker')),
  overrides: jsonText.nullish().transform((value) => value ?? ''),
  dockerConfig: z
    .object({
      version: z
        .string()
        .nullish()
        .transform((value) => value ?? ''),
      config: jsonText.nullish().transform((value) => value ?? ''),
      hostConfig: jsonText.nullish().transform((value) => value ?? ''),
    })
    .nullish()
    .transform((value) => value ?? { version: '', config: '', hostConfig: '' }),
  registryAuthentication: absent(registryAuthentication),
  restartPolicy: absent(
    z.object({
      enabled: z.boolean(),
      ignoredExitCodes: absent(z.array(z.number().int()).max(50)),
      restartAttemptPeriod: absent(z.number().int().nonnegative().max(86_400)),
    }),
  ),
  secrets: absent(z.array(secret).max(200)),
  environmentFiles: absent(z.array(z.object({ value: z.string().min(1).max(2048), type: z.literal('s3') })).max(10)),
  containerArn: z
    .string()
    .max(1024)
    .nullish()
    .transform((value) => value ?? ''),
});

const volume = z
  .object({
    name: z.string().min(1).max(255),
    type: z.enum(['host', 'docker']),
    host: absent(
      z.object({
        sourcePath: z
          .string()
          .max(4096)
          .nullish()
          .transform((value) => value ?? ''),
      }),
    ),
    dockerVolumeConfiguration: absent(
      z.object({
        scope: z.enum(['task', 'shared']).default('task'),
        autoprovision: absent(z.boolean()),
        driver: absent(z.string().max(255)),
        driverOpts: absent(textMap),
        labels: absent(textMap),
      }),
    ),
  })
  .refine((value) => !value.host?.sourcePath || value.host.sourcePath.startsWith('/'), 'sourcePath must be absolute');

const networkInterface = z.object({
  ec2Id: z.string().max(255),
  macAddress: z.string().regex(/^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/),
  ipv4Addresses: z
    .array(z.object({ primary: z.boolean(), privateAddress: z.ipv4() }))
    .min(1)
    .max(1),
  subnetGatewayIpv4Address: z.string().regex(/^\d{1,3}(?:\.\d{1,3}){3}\/24$/),
});

const roleCredentials = z.object({
  credentialsId: z.string().min(1).max(255),
  roleArn: z.string().max(2048),
  accessKeyId: z.string().max(255),
  secretAccessKey: z.string().max(1024),
  sessionToken: z.string().max(65_536),
  expiration: z.string().max(64),
});

const task = z.object({
  arn: z
    .string()
    .max(1024)
    .refine((text) => parseArn(text)?.resource.startsWith('task/'), 'is not a task ARN'),
  taskClusterArn: z
    .string()
    .max(1024)
    .nullish()
    .transform((value) => value ?? ''),
  family: z.string().min(1).max(255),
  version: z.string().min(1).max(32),
  desiredStatus: z.enum(['RUNNING', 'STOPPED']),
  containers: z.array(container).min(1).max(50),
  volumes: z
    .array(volume)
    .max(100)
    .nullish()
    .transform((value) => value ?? []),
  overrides: jsonText.nullish().transform((value) => value ?? ''),
  cpu: absent(z.number().nonnegative()),
  memory: absent(z.number().int().nonnegative()),
  networkMode: absent(z.enum(['bridge', 'host', 'none', 'awsvpc'])),
  roleCredentials: absent(roleCredentials),
  executionRoleCredentials: absent(roleCredentials),
  elasticNetworkInterfaces: absent(z.array(networkInterface).max(1)),
  pidMode: absent(z.literal('host', 'only pidMode host is supported')),
  ipcMode: absent(z.enum(['host', 'none'], 'only ipcMode host and none are supported')),
  launchType: z
    .enum(['EC2', 'EXTERNAL'])
    .nullish()
    .transform((value) => value ?? 'EXTERNAL'),
  serviceName: absent(z.string().max(255)),
  group: absent(z.string().max(1024)),
  associations: absent(
    z
      .array(
        z.object({
          type: z.literal('gpu'),
          name: z.string().min(1).max(255),
          containers: z.array(name).max(50),
          content: z
            .object({ encoding: z.literal('base64'), value: z.string().max(4096) })
            .default({ encoding: 'base64', value: '' }),
        }),
      )
      .max(100),
  ),
});

type Checked = { readonly task: AcsTask } | { readonly problem: string };

/** The first thing wrong between the containers of a task (names, order, volumes), or undefined. */
function crossProblem(candidate: z.infer<typeof task>): string | undefined {
  const names = new Set(candidate.containers.map((one) => one.name));
  if (names.size !== candidate.containers.length) return 'two containers have the same name';
  if (candidate.networkMode === 'awsvpc' && candidate.elasticNetworkInterfaces?.length !== 1)
    return 'a task in awsvpc mode needs a network interface';
  const volumes = new Set(candidate.volumes.map((one) => one.name));
  const before = new Map(
    candidate.containers.map((one) => [
      one.name,
      [
        ...(one.links ?? []).map((link) => link.split(':')[0] ?? ''),
        ...one.volumesFrom.map((from) => from.sourceContainer),
        ...(one.dependsOn ?? []).map((dependency) => dependency.containerName),
      ],
    ]),
  );
  for (const one of candidate.containers) {
    for (const other of before.get(one.name) ?? [])
      if (!names.has(other)) return `container ${one.name} refers to ${other}, which is not in the task`;
    for (const mount of one.mountPoints)
      if (mount.sourceVolume && !volumes.has(mount.sourceVolume))
        return `container ${one.name} mounts volume ${mount.sourceVolume}, which is not in the task`;
  }
  const left = new Map(before);
  while (left.size > 0) {
    const free = [...left].find(([, others]) => others.every((other) => !left.has(other)));
    if (!free) return `the containers ${[...left.keys()].join(', ')} wait for each other`;
    left.delete(free[0]);
  }
  return undefined;
}

/** Reads a task from a payload: the task, or what is wrong with it. Unknown fields are dropped. */
export function checkTask(value: unknown): Checked {
  const parsed = task.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return { problem: `${issue?.path.join('.') || 'task'}: ${issue?.message ?? 'not understood'}` };
  }
  const problem = crossProblem(parsed.data);
  return problem ? { problem } : { task: parsed.data as AcsTask };
}

/** Reads the keys of a role; undefined if they are not understood. */
export function checkRoleCredentials(value: unknown): AcsRoleCredentials | undefined {
  return roleCredentials.safeParse(value).data;
}
