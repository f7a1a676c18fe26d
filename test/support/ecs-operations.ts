// Every operation of the ECS API as a step of one run: in the default cluster, whose instance is the real agent, and in a
// cluster `every`, whose instance the run registers by itself.

/** Where the run is, and what its earlier steps answered: the latest answer by operation. */
export interface Known {
  readonly account: string;
  readonly image: string;
  readonly answers: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
}

export interface Step {
  readonly name: string;
  readonly input: (known: Known) => object;
  /** The operation is refused, with this: Longshore has nothing of the kind. */
  readonly error?: string;
  /** The SDK's waiter that must have succeeded before this step: for the task of RunTask, or the service `every-service`. */
  readonly waiter?: 'TasksRunning' | 'TasksStopped' | 'ServicesStable' | 'ServicesInactive';
}

type Input = object | ((known: Known) => object);

const step = (name: string, input: Input = {}, more: Pick<Step, 'error' | 'waiter'> = {}): Step => ({
  name,
  input: typeof input === 'function' ? (input as (known: Known) => object) : () => input,
  ...more,
});

/** A member of an earlier answer: `at(known, 'RunTask', 'tasks', 0, 'taskArn')`. */
function at(known: Known, operation: string, ...path: readonly (string | number)[]): string {
  let value: unknown = known.answers.get(operation);
  for (const each of path) value = (value as Readonly<Record<string | number, unknown>> | undefined)?.[each];
  return String(value);
}

export const arnOf = (known: Pick<Known, 'account'>, resource: string) =>
  `arn:aws:ecs:us-east-1:${known.account}:${resource}`;

const cluster = 'every';
const tags = [{ key: 'team', value: 'a' }];
const task = (known: Known) => at(known, 'RunTask', 'tasks', 0, 'taskArn');
const instance = (known: Known) => at(known, 'RegisterContainerInstance', 'containerInstance', 'containerInstanceArn');
const daemon = (known: Known) => arnOf(known, 'daemon/every/none');
const express = (known: Known) => arnOf(known, 'service/every/none');
const deployment = (known: Known) =>
  at(known, 'ListServiceDeployments', 'serviceDeployments', 0, 'serviceDeploymentArn');
const never = ['sh', '-c', 'while :; do sleep 1; done'];

const registration = {
  cluster,
  totalResources: [
    { name: 'CPU', type: 'INTEGER', integerValue: 1024 },
    { name: 'MEMORY', type: 'INTEGER', integerValue: 1024 },
    { name: 'PORTS', type: 'STRINGSET', stringSetValue: ['22'] },
    { name: 'PORTS_UDP', type: 'STRINGSET', stringSetValue: [] },
  ],
  versionInfo: { agentVersion: '1.0.0', agentHash: 'test', dockerVersion: 'DockerVersion: 20.10' },
  attributes: [{ name: 'ecs.os-type', value: 'linux' }],
  tags,
};

const clusters: readonly Step[] = [
  step('CreateCluster', { clusterName: cluster, settings: [{ name: 'containerInsights', value: 'enabled' }], tags }),
  step('UpdateCluster', { cluster, configuration: { executeCommandConfiguration: { logging: 'NONE' } } }),
  step('UpdateClusterSettings', { cluster, settings: [{ name: 'containerInsights', value: 'disabled' }] }),
  step('DescribeClusters', {
    clusters: [cluster, 'none'],
    include: ['ATTACHMENTS', 'CONFIGURATIONS', 'SETTINGS', 'STATISTICS', 'TAGS'],
  }),
  step('ListClusters', { maxResults: 1 }),
  step('PutAccountSettingDefault', { name: 'containerInsights', value: 'enhanced' }),
  step('PutAccountSetting', { name: 'tagResourceAuthorization', value: 'off' }),
  step('ListAccountSettings', { effectiveSettings: true, maxResults: 10 }),
  step('DeleteAccountSetting', { name: 'tagResourceAuthorization' }),
  step('CreateCapacityProvider', {
    name: 'racks',
    autoScalingGroupProvider: { autoScalingGroupArn: 'racks', managedScaling: { status: 'DISABLED' } },
    tags,
  }),
  step('UpdateCapacityProvider', {
    name: 'racks',
    autoScalingGroupProvider: {
      managedScaling: { status: 'DISABLED', targetCapacity: 80 },
      managedDraining: 'DISABLED',
    },
  }),
  step('PutClusterCapacityProviders', {
    cluster,
    capacityProviders: ['racks'],
    defaultCapacityProviderStrategy: [{ capacityProvider: 'racks', weight: 1, base: 1 }],
  }),
  step('DescribeCapacityProviders', { capacityProviders: ['racks', 'none'], include: ['TAGS'] }),
  step('PutClusterCapacityProviders', { cluster, capacityProviders: [], defaultCapacityProviderStrategy: [] }),
  step('DeleteCapacityProvider', { capacityProvider: 'racks' }),
];

const definitions: readonly Step[] = [
  step('RegisterTaskDefinition', ({ image }) => ({
    family: 'every-task',
    cpu: '0.125 vCPU',
    memory: '64',
    runtimePlatform: { cpuArchitecture: 'X86_64', operatingSystemFamily: 'LINUX' },
    requiresCompatibilities: ['EC2'],
    volumes: [{ name: 'scratch' }],
    containerDefinitions: [
      {
        name: 'main',
        image,
        command: never,
        stopTimeout: 2,
        portMappings: [{ containerPort: 80 }],
        mountPoints: [{ sourceVolume: 'scratch', containerPath: '/scratch' }],
        environment: [{ name: 'A', value: 'b' }],
        linuxParameters: { initProcessEnabled: true, tmpfs: [{ containerPath: '/tmp', size: 1 }] },
        ulimits: [{ name: 'nofile', softLimit: 64, hardLimit: 64 }],
      },
    ],
    tags,
  })),
  step('DescribeTaskDefinition', { taskDefinition: 'every-task', include: ['TAGS'] }),
  step('ListTaskDefinitions', { familyPrefix: 'every-task', sort: 'DESC' }),
  step('ListTaskDefinitionFamilies', { familyPrefix: 'every' }),
];

const instances: readonly Step[] = [
  step('DiscoverPollEndpoint', { cluster }),
  step('RegisterContainerInstance', registration),
  step('PutAttributes', (known) => ({
    cluster,
    attributes: [{ name: 'stack', value: 'prod', targetType: 'container-instance', targetId: instance(known) }],
  })),
  step('ListAttributes', { cluster, targetType: 'container-instance', attributeName: 'stack' }),
  step('DeleteAttributes', (known) => ({ cluster, attributes: [{ name: 'stack', targetId: instance(known) }] })),
  step('UpdateContainerInstancesState', (known) => ({
    cluster,
    containerInstances: [instance(known), 'none'],
    status: 'DRAINING',
  })),
  step('DescribeContainerInstances', (known) => ({
    cluster,
    containerInstances: [instance(known), 'none'],
    include: ['TAGS', 'CONTAINER_INSTANCE_HEALTH'],
  })),
  step('ListContainerInstances', { cluster, status: 'DRAINING' }),
  step('UpdateContainerAgent', (known) => ({ cluster, containerInstance: instance(known) }), {
    error: 'NoUpdateAvailableException',
  }),
];

const tasks: readonly Step[] = [
  step('ListContainerInstances'),
  step('RunTask', {
    taskDefinition: 'every-task',
    enableExecuteCommand: true,
    tags,
    enableECSManagedTags: true,
    startedBy: 'every',
  }),
  step('StartTask', (known) => ({
    taskDefinition: 'every-task:1',
    containerInstances: [at(known, 'ListContainerInstances', 'containerInstanceArns', 0), 'none'],
  })),
  step('DescribeTasks', (known) => ({ tasks: [task(known), 'none'], include: ['TAGS'] }), { waiter: 'TasksRunning' }),
  step('ListTasks', { startedBy: 'every' }),
  step('TagResource', (known) => ({ resourceArn: task(known), tags: [{ key: 'x', value: 'y' }] })),
  step('ListTagsForResource', (known) => ({ resourceArn: task(known) })),
  step('UntagResource', (known) => ({ resourceArn: task(known), tagKeys: ['x'] })),
  step('SubmitTaskStateChange', (known) => ({ task: task(known), status: 'RUNNING' })),
  step('SubmitContainerStateChange', (known) => ({ task: task(known), containerName: 'main', status: 'RUNNING' })),
  step('SubmitAttachmentStateChanges', (known) => ({
    attachments: [{ attachmentArn: arnOf(known, 'attachment/none'), status: 'ATTACHED' }],
  })),
  step('ExecuteCommand', (known) => ({ task: task(known), command: 'true', interactive: true })),
  step('StopTask', (known) => ({ task: task(known), reason: 'enough seen' })),
  step('ListTasks', { desiredStatus: 'STOPPED' }, { waiter: 'TasksStopped' }),
];

const services: readonly Step[] = [
  step('CreateService', { serviceName: 'every-service', taskDefinition: 'every-task', desiredCount: 1, tags }),
  step('DescribeServices', { services: ['every-service', 'none'], include: ['TAGS'] }, { waiter: 'ServicesStable' }),
  step('ListServices', { maxResults: 1 }),
  step('ListServiceDeployments', { service: 'every-service' }),
  step('DescribeServiceDeployments', (known) => ({ serviceDeploymentArns: [deployment(known), 'none'] })),
  step('DescribeServiceRevisions', (known) => ({
    serviceRevisionArns: [at(known, 'ListServiceDeployments', 'serviceDeployments', 0, 'targetServiceRevisionArn')],
  })),
  step('StopServiceDeployment', (known) => ({ serviceDeploymentArn: deployment(known), stopType: 'ABORT' })),
  step('UpdateService', { service: 'every-service', desiredCount: 2 }),
  step('ContinueServiceDeployment', (known) => ({ serviceDeploymentArn: deployment(known), hookId: 'none' }), {
    error: 'InvalidParameterException',
  }),
  step('UpdateTaskProtection', (known) => ({ cluster: 'default', tasks: [task(known)], protectionEnabled: true })),
  step('GetTaskProtection', (known) => ({ cluster: 'default', tasks: [task(known)] })),
  step('ListServicesByNamespace', { namespace: 'internal' }),
  step('DeleteService', { service: 'every-service', force: true }),
  step('DescribeServices', { services: ['every-service'] }, { waiter: 'ServicesInactive' }),
];

const external = { cluster: 'default', service: 'every-external' };
const taskSet = (known: Known) => at(known, 'CreateTaskSet', 'taskSet', 'id');
const taskSets: readonly Step[] = [
  step('CreateService', {
    serviceName: 'every-external',
    deploymentController: { type: 'EXTERNAL' },
    desiredCount: 0,
  }),
  step('CreateTaskSet', { ...external, taskDefinition: 'every-task', externalId: 'x', tags }),
  step('DescribeTaskSets', (known) => ({ ...external, taskSets: [taskSet(known), 'none'], include: ['TAGS'] })),
  step('UpdateTaskSet', (known) => ({ ...external, taskSet: taskSet(known), scale: { value: 50, unit: 'PERCENT' } })),
  step('UpdateServicePrimaryTaskSet', (known) => ({ ...external, primaryTaskSet: taskSet(known) })),
  step('DescribeServices', { services: ['every-external'] }),
  step('DeleteTaskSet', (known) => ({ ...external, taskSet: taskSet(known), force: true })),
  step('DeleteService', { service: 'every-external' }),
];

/** What Amazon makes up of parts that Longshore has by themselves: none is there, none can be made. */
const none: readonly Step[] = [
  step(
    'CreateExpressGatewayService',
    (known) => ({ cluster, infrastructureRoleArn: `arn:aws:iam::${known.account}:role/infrastructure` }),
    { error: 'UnsupportedFeatureException' },
  ),
  step('DescribeExpressGatewayService', (known) => ({ serviceArn: express(known) }), {
    error: 'ResourceNotFoundException',
  }),
  step('UpdateExpressGatewayService', (known) => ({ serviceArn: express(known) }), {
    error: 'ServiceNotFoundException',
  }),
  step('DeleteExpressGatewayService', (known) => ({ serviceArn: express(known) }), {
    error: 'ServiceNotFoundException',
  }),
  step(
    'RegisterDaemonTaskDefinition',
    { family: 'every', containerDefinitions: [{ name: 'main', image: 'busybox', memory: 16 }] },
    { error: 'ClientException' },
  ),
  step('DescribeDaemonTaskDefinition', { daemonTaskDefinition: 'every' }, { error: 'ClientException' }),
  step('DeleteDaemonTaskDefinition', { daemonTaskDefinition: 'every:1' }, { error: 'ClientException' }),
  step('ListDaemonTaskDefinitions', { family: 'every' }),
  step(
    'CreateDaemon',
    (known) => ({
      daemonName: 'every',
      clusterArn: arnOf(known, `cluster/${cluster}`),
      daemonTaskDefinitionArn: arnOf(known, 'daemon-task-definition/every:1'),
      capacityProviderArns: [arnOf(known, 'capacity-provider/none')],
    }),
    { error: 'UnsupportedFeatureException' },
  ),
  step('DescribeDaemon', (known) => ({ daemonArn: daemon(known) }), { error: 'DaemonNotFoundException' }),
  step(
    'UpdateDaemon',
    (known) => ({
      daemonArn: daemon(known),
      daemonTaskDefinitionArn: arnOf(known, 'daemon-task-definition/every:1'),
      capacityProviderArns: [arnOf(known, 'capacity-provider/none')],
    }),
    { error: 'DaemonNotFoundException' },
  ),
  step('DeleteDaemon', (known) => ({ daemonArn: daemon(known) }), { error: 'DaemonNotFoundException' }),
  step('ListDaemons', (known) => ({ clusterArn: arnOf(known, `cluster/${cluster}`) })),
  step('ListDaemonDeployments', (known) => ({ daemonArn: daemon(known) })),
  step('DescribeDaemonDeployments', (known) => ({ daemonDeploymentArns: [arnOf(known, 'daemon-deployment/none')] })),
  step('DescribeDaemonRevisions', (known) => ({ daemonRevisionArns: [arnOf(known, 'daemon-revision/none')] })),
];

const ends: readonly Step[] = [
  step('RegisterTaskDefinition', ({ image }) => ({
    family: 'by-refusal',
    containerDefinitions: [{ name: 'web', image, memory: 16 }],
  })),
  step('DeregisterTaskDefinition', { taskDefinition: 'every-task:1' }),
  step('DeleteTaskDefinitions', { taskDefinitions: ['every-task:1', 'every-task:2'] }),
  step('DeregisterContainerInstance', (known) => ({ cluster, containerInstance: instance(known) })),
  step('DeleteCluster', { cluster }),
];

export const steps: readonly Step[] = [
  ...clusters,
  ...definitions,
  ...instances,
  ...tasks,
  ...services,
  ...taskSets,
  ...none,
  ...ends,
];
