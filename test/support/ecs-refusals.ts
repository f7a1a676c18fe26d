// Bad inputs of the ECS API and what they are answered: at least one for each operation. Nothing here changes anything, so
// they can come in any order; `default` is an active cluster, `every` a deleted one, `by-refusal` a task definition.
import { arnOf, type Known } from './ecs-operations.ts';

export interface Refusal {
  readonly name: string;
  readonly why: string;
  readonly input: (known: Known) => object;
  readonly error: string;
  readonly words: RegExp;
}

type Input = object | ((known: Known) => object);
/** [operation, why, input, error without `Exception`, words] */
type Row = readonly [string, string, Input, string, RegExp];

const many = (count: number): string[] => Array.from({ length: count }, (_, i) => `x${i}`);
const long = (length: number): string => 'x'.repeat(length);
const missing = /Cluster not found|inactive/;
const cluster = 'every';
const web = { name: 'web', image: 'busybox', memory: 16 };
const resources = [
  { name: 'CPU', type: 'INTEGER', integerValue: 1 },
  { name: 'MEMORY', type: 'INTEGER', integerValue: 1 },
];

const providers: readonly Row[] = [
  [
    'CreateCapacityProvider',
    'with a reserved name',
    { name: 'fargate-one', autoScalingGroupProvider: { autoScalingGroupArn: 'racks' } },
    'InvalidParameter',
    /cannot be prefixed/,
  ],
  [
    'CreateCapacityProvider',
    'with scaling of a group that is not there',
    { name: 'one', autoScalingGroupProvider: { autoScalingGroupArn: 'nowhere', managedScaling: {} } },
    'Client',
    /Auto Scaling group does not exist/,
  ],
  [
    'UpdateCapacityProvider',
    'of none',
    { name: 'none', autoScalingGroupProvider: {} },
    'InvalidParameter',
    /does not exist/,
  ],
  ['DeleteCapacityProvider', 'of none', { capacityProvider: 'none' }, 'InvalidParameter', /does not exist/],
  [
    'DescribeCapacityProviders',
    'with too many',
    { capacityProviders: Array.from({ length: 101 }, (_, i) => `p${i}`) },
    'InvalidParameter',
    /more than 100/,
  ],
  [
    'PutClusterCapacityProviders',
    'with a provider that is not there',
    { cluster: 'default', capacityProviders: ['FARGATE'], defaultCapacityProviderStrategy: [] },
    'InvalidParameter',
    /'FARGATE' was not found/,
  ],
];

const clusters: readonly Row[] = [
  ['CreateCluster', 'with a bad name', { clusterName: 'a b' }, 'InvalidParameter', /up to 255 letters/],
  ['CreateCluster', 'with a long name', { clusterName: long(256) }, 'InvalidParameter', /up to 255/],
  [
    'CreateCluster',
    'with an unknown setting',
    { settings: [{ name: 'other', value: 'enabled' }] },
    'InvalidParameter',
    /containerInsights/,
  ],
  [
    'CreateCluster',
    'with a reserved tag',
    { tags: [{ key: 'aws:x', value: 'y' }] },
    'InvalidParameter',
    /reserved prefix/,
  ],
  [
    'CreateCluster',
    'with 51 tags',
    { tags: many(51).map((key) => ({ key, value: '' })) },
    'InvalidParameter',
    /at most 50/,
  ],
  ['CreateCluster', 'with a long tag', { tags: [{ key: long(129), value: '' }] }, 'InvalidParameter', /128/],
  ['CreateCluster', 'with Service Connect', { serviceConnectDefaults: { namespace: 'n' } }, 'InvalidParameter', /Serv/],
  [
    'CreateCluster',
    'with a log of exec sessions',
    { configuration: { executeCommandConfiguration: { logging: 'OVERRIDE' } } },
    'InvalidParameter',
    /not available/,
  ],
  ['DeleteCluster', 'where there is none', { cluster: 'none' }, 'ClusterNotFound', missing],
  ['DeleteCluster', 'with an instance', { cluster: 'default' }, 'ClusterContainsContainerInstances', /active/],
  ['DescribeClusters', 'of 101', { clusters: many(101) }, 'InvalidParameter', /more than 100/],
  ['DescribeClusters', 'with an unknown include', { include: ['ALL'] }, 'InvalidParameter', /include/],
  ['ListClusters', 'with a page of 101', { maxResults: 101 }, 'InvalidParameter', /between 1 and 100/],
  ['ListClusters', 'with a page of 0', { maxResults: 0 }, 'InvalidParameter', /between 1 and 100/],
  ['ListClusters', 'with a token that it did not give', { nextToken: 'bm8=' }, 'InvalidParameter', /nextToken/],
  ['UpdateCluster', 'when it is gone', { cluster }, 'ClusterNotFound', missing],
  [
    'UpdateCluster',
    'with a key that nothing uses',
    { cluster: 'default', configuration: { executeCommandConfiguration: { kmsKeyId: 'k' } } },
    'InvalidParameter',
    /kmsKeyId/,
  ],
  ['UpdateClusterSettings', 'without settings', { cluster: 'default', settings: [] }, 'InvalidParameter', /empty/],
  [
    'UpdateClusterSettings',
    'with a bad value',
    { cluster: 'default', settings: [{ name: 'containerInsights', value: 'much' }] },
    'InvalidParameter',
    /enabled, disabled or enhanced/,
  ],
  ['PutAccountSetting', 'with an unknown name', { name: 'x', value: 'on' }, 'InvalidParameter', /one of/],
  [
    'PutAccountSetting',
    'for the short ARNs',
    { name: 'taskLongArnFormat', value: 'disabled' },
    'InvalidParameter',
    /long ARN format/,
  ],
  [
    'PutAccountSetting',
    'for another account',
    { name: 'containerInsights', value: 'enabled', principalArn: 'arn:aws:iam::999999999999:user/a' },
    'InvalidParameter',
    /principalArn/,
  ],
  [
    'PutAccountSettingDefault',
    'with a bad value',
    { name: 'containerInsights', value: 'much' },
    'InvalidParameter',
    /enhanced/,
  ],
  ['DeleteAccountSetting', 'with an unknown name', { name: 'x' }, 'InvalidParameter', /one of/],
  ['ListAccountSettings', 'by value without name', { value: 'on' }, 'InvalidParameter', /needs a name/],
];

const register = (more: object): object => ({ family: 'f', containerDefinitions: [web], ...more });
const definitions: readonly Row[] = [
  ['RegisterTaskDefinition', 'with a bad family', register({ family: 'a:b' }), 'InvalidParameter', /Family/],
  ['RegisterTaskDefinition', 'without containers', register({ containerDefinitions: [] }), 'Client', /empty/],
  [
    'RegisterTaskDefinition',
    'with eleven containers',
    register({ containerDefinitions: many(11).map((name) => ({ ...web, name })) }),
    'Client',
    /at most 10/,
  ],
  [
    'RegisterTaskDefinition',
    'without any memory',
    register({ containerDefinitions: [{ name: 'web', image: 'busybox' }] }),
    'Client',
    /At least one of 'memory' or 'memoryReservation'/,
  ],
  ['DeregisterTaskDefinition', 'without a revision', { taskDefinition: 'every-task' }, 'InvalidParameter', /revision/],
  ['DeregisterTaskDefinition', 'where there is none', { taskDefinition: 'none:1' }, 'Client', /does not exist/],
  ['DescribeTaskDefinition', 'where there is none', { taskDefinition: 'none' }, 'Client', /Unable to describe/],
  [
    'DescribeTaskDefinition',
    'with an unknown include',
    { taskDefinition: 'none', include: ['ALL'] },
    'InvalidParameter',
    /include/,
  ],
  ['DeleteTaskDefinitions', 'without any', { taskDefinitions: [] }, 'InvalidParameter', /empty/],
  ['DeleteTaskDefinitions', 'of eleven', { taskDefinitions: many(11) }, 'InvalidParameter', /more than 10/],
  ['DeleteTaskDefinitions', 'without a revision', { taskDefinitions: ['every-task'] }, 'InvalidParameter', /revision/],
  ['ListTaskDefinitions', 'with an unknown status', { status: 'GONE' }, 'InvalidParameter', /status/],
  ['ListTaskDefinitions', 'with an unknown order', { sort: 'UP' }, 'InvalidParameter', /sort/],
  ['ListTaskDefinitionFamilies', 'with an unknown status', { status: 'GONE' }, 'InvalidParameter', /status/],
];

const attribute = { name: 'a', value: 'b', targetId: 'none' };
const instances: readonly Row[] = [
  ['DiscoverPollEndpoint', 'in a cluster that is gone', { cluster }, 'Client', /Cluster not found|inactive/],
  ['RegisterContainerInstance', 'without resources', {}, 'InvalidParameter', /CPU/],
  [
    'RegisterContainerInstance',
    'in a cluster that is gone',
    { cluster, totalResources: resources },
    'ClusterNotFound',
    missing,
  ],
  [
    'RegisterContainerInstance',
    'with a bad attribute',
    { totalResources: resources, attributes: [{ name: 'a b' }] },
    'InvalidParameter',
    /attribute name/,
  ],
  [
    'DeregisterContainerInstance',
    'where there is none',
    { containerInstance: 'none' },
    'InvalidParameter',
    /not found/,
  ],
  ['DescribeContainerInstances', 'of none', { containerInstances: [] }, 'InvalidParameter', /empty/],
  ['DescribeContainerInstances', 'of 101', { containerInstances: many(101) }, 'InvalidParameter', /more than 100/],
  [
    'DescribeContainerInstances',
    'with an unknown include',
    { containerInstances: ['x'], include: ['ALL'] },
    'InvalidParameter',
    /include/,
  ],
  ['ListContainerInstances', 'with an unknown status', { status: 'GONE' }, 'InvalidParameter', /status/],
  [
    'UpdateContainerInstancesState',
    'to what it cannot be',
    { containerInstances: ['x'], status: 'INACTIVE' },
    'InvalidParameter',
    /ACTIVE or DRAINING/,
  ],
  [
    'UpdateContainerInstancesState',
    'of eleven',
    { containerInstances: many(11), status: 'ACTIVE' },
    'InvalidParameter',
    /more than 10/,
  ],
  [
    'UpdateContainerAgent',
    'where there is no instance',
    { containerInstance: 'none' },
    'InvalidParameter',
    /not found/,
  ],
  ['PutAttributes', 'without any', { attributes: [] }, 'InvalidParameter', /empty/],
  ['PutAttributes', 'of eleven', { attributes: Array(11).fill(attribute) }, 'InvalidParameter', /more than 10/],
  ['PutAttributes', 'on nothing', { attributes: [attribute] }, 'TargetNotFound', /not found/],
  ['PutAttributes', 'with a bad name', { attributes: [{ ...attribute, name: 'a b' }] }, 'InvalidParameter', /name/],
  ['DeleteAttributes', 'on nothing', { attributes: [attribute] }, 'TargetNotFound', /not found/],
  ['DeleteAttributes', 'without a target', { attributes: [{ name: 'a' }] }, 'InvalidParameter', /targetId/],
  ['ListAttributes', 'of another kind', { targetType: 'task' }, 'InvalidParameter', /container-instance/],
  [
    'ListAttributes',
    'by value without name',
    { targetType: 'container-instance', attributeValue: 'x' },
    'InvalidParameter',
    /attributeName/,
  ],
];

const run = (more: object): object => ({ taskDefinition: 'none', ...more });
const tasks: readonly Row[] = [
  ['RunTask', 'without a definition', run({}), 'Client', /TaskDefinition not found/],
  ['RunTask', 'in a cluster that is gone', run({ cluster }), 'ClusterNotFound', missing],
  ['RunTask', 'eleven times', run({ count: 11 }), 'InvalidParameter', /between 1 and 10/],
  ['RunTask', 'no times', run({ count: 0 }), 'InvalidParameter', /between 1 and 10/],
  ['RunTask', 'with a long token', run({ clientToken: long(65) }), 'InvalidParameter', /64 characters/],
  ['RunTask', 'with a token of other characters', run({ clientToken: 'a b' }), 'InvalidParameter', /33 to 126/],
  ['RunTask', 'with a platform version', run({ platformVersion: '1.4.0' }), 'UnsupportedFeature', /FARGATE/],
  ['RunTask', 'as of a service', run({ propagateTags: 'SERVICE' }), 'InvalidParameter', /SERVICE/],
  [
    'RunTask',
    'with long overrides',
    { taskDefinition: 'by-refusal', overrides: { containerOverrides: [{ name: 'web', command: [long(8192)] }] } },
    'InvalidParameter',
    /8192/,
  ],
  [
    'RunTask',
    'overriding what is not there',
    { taskDefinition: 'by-refusal', overrides: { containerOverrides: [{ name: 'db' }] } },
    'InvalidParameter',
    /not a container in the TaskDefinition/,
  ],
  [
    'RunTask',
    'with a role of no sense',
    { taskDefinition: 'by-refusal', overrides: { taskRoleArn: 'a b' } },
    'InvalidParameter',
    /taskRoleArn/,
  ],
  [
    'RunTask',
    'started by too long a name',
    { taskDefinition: 'by-refusal', startedBy: long(129) },
    'InvalidParameter',
    /startedBy/,
  ],
  [
    'RunTask',
    "in a service's group",
    { taskDefinition: 'by-refusal', group: 'service:a' },
    'InvalidParameter',
    /reserved for services/,
  ],
  [
    'RunTask',
    'with a long reference',
    { taskDefinition: 'by-refusal', referenceId: long(1025) },
    'InvalidParameter',
    /referenceId/,
  ],
  [
    'RunTask',
    'with eleven constraints',
    run({ placementConstraints: Array(11).fill({ type: 'distinctInstance' }) }),
    'InvalidParameter',
    /10/,
  ],
  [
    'RunTask',
    'with six strategies',
    run({ placementStrategy: Array(6).fill({ type: 'random' }) }),
    'InvalidParameter',
    /5/,
  ],
  ['StartTask', 'on no instance', run({ containerInstances: [] }), 'InvalidParameter', /empty/],
  ['StartTask', 'on eleven instances', run({ containerInstances: many(11) }), 'InvalidParameter', /more than 10/],
  ['StartTask', 'without a definition', run({ containerInstances: ['x'] }), 'Client', /not found/],
  [
    'ExecuteCommand',
    'where there is none',
    { task: 'none', command: 'sh', interactive: true },
    'InvalidParameter',
    /not found/,
  ],
  [
    'ExecuteCommand',
    'without a command',
    { task: 'none', command: ' ', interactive: true },
    'InvalidParameter',
    /command/,
  ],
  ['StopTask', 'where there is none', { task: 'none' }, 'InvalidParameter', /not found/],
  ['StopTask', 'with a long reason', { task: 'none', reason: long(1025) }, 'InvalidParameter', /reason/],
  ['DescribeTasks', 'of none', { tasks: [] }, 'InvalidParameter', /empty/],
  ['DescribeTasks', 'of 101', { tasks: many(101) }, 'InvalidParameter', /more than 100/],
  ['DescribeTasks', 'with an unknown include', { tasks: ['x'], include: ['ALL'] }, 'InvalidParameter', /include/],
  ['ListTasks', 'with an unknown status', { desiredStatus: 'GONE' }, 'InvalidParameter', /desiredStatus/],
  ['ListTasks', 'by startedBy and family', { startedBy: 'a', family: 'b' }, 'InvalidParameter', /only filter/],
  ['ListTasks', 'of an unknown launch type', { launchType: 'MOON' }, 'InvalidParameter', /launchType/],
  ['ListTasks', 'of an instance that is not there', { containerInstance: 'none' }, 'InvalidParameter', /not found/],
  ['ListTasks', 'of a service that is not there', { serviceName: 'none' }, 'ServiceNotFound', /not found/],
  ['SubmitTaskStateChange', 'of what no task is', { task: 'x', status: 'DONE' }, 'InvalidParameter', /RUNNING or/],
  ['SubmitContainerStateChange', 'without a container', { task: 'x' }, 'InvalidParameter', /containerName/],
  ['SubmitAttachmentStateChanges', 'of none', { attachments: [] }, 'InvalidParameter', /empty/],
  ['TagResource', 'that is no ECS resource', { resourceArn: 'x', tags: [{ key: 'a' }] }, 'InvalidParameter', /ECS/],
  [
    'TagResource',
    'that is not there',
    (known) => ({ resourceArn: arnOf(known, 'cluster/none'), tags: [{ key: 'a' }] }),
    'ResourceNotFound',
    /not found/,
  ],
  [
    'UntagResource',
    'that is not there',
    (known) => ({ resourceArn: arnOf(known, 'task/default/none'), tagKeys: ['a'] }),
    'ResourceNotFound',
    /not found/,
  ],
  [
    'ListTagsForResource',
    'in a cluster that is gone',
    (known) => ({ resourceArn: arnOf(known, 'cluster/every') }),
    'ClusterNotFound',
    missing,
  ],
];

const service = { serviceName: 's', taskDefinition: 'none', desiredCount: 1 };
const services: readonly Row[] = [
  ['CreateService', 'with a bad name', { ...service, serviceName: 'a b' }, 'InvalidParameter', /up to 255/],
  ['CreateService', 'without a definition', service, 'Client', /TaskDefinition not found/],
  ['CreateService', 'with a long token', { ...service, clientToken: long(37) }, 'InvalidParameter', /36 characters/],
  ['CreateService', 'of less than none', { ...service, desiredCount: -1 }, 'InvalidParameter', /desiredCount/],
  ['CreateService', 'of a counted daemon', { ...service, schedulingStrategy: 'DAEMON' }, 'InvalidParameter', /daemon/],
  ['ListServiceDeployments', 'where there is none', { service: 'none' }, 'ServiceNotFound', /not found/],
  ['DescribeServiceDeployments', 'of none', { serviceDeploymentArns: [] }, 'InvalidParameter', /empty/],
  ['DescribeServiceDeployments', 'of too many', { serviceDeploymentArns: many(21) }, 'InvalidParameter', /20/],
  ['DescribeServiceRevisions', 'of none', { serviceRevisionArns: [] }, 'InvalidParameter', /empty/],
  [
    'StopServiceDeployment',
    'that is not there',
    (known) => ({ serviceDeploymentArn: arnOf(known, 'service-deployment/default/s/none') }),
    'ServiceDeploymentNotFound',
    /not found/,
  ],
  [
    'ContinueServiceDeployment',
    'that is not there',
    (known) => ({ serviceDeploymentArn: arnOf(known, 'service-deployment/default/s/none'), hookId: 'x' }),
    'ServiceDeploymentNotFound',
    /not found/,
  ],
  ['GetTaskProtection', 'in a cluster that is gone', { cluster, tasks: ['x'] }, 'ClusterNotFound', missing],
  [
    'UpdateTaskProtection',
    'of none',
    { cluster: 'default', protectionEnabled: true, tasks: [] },
    'InvalidParameter',
    /empty/,
  ],
  ['UpdateService', 'where there is none', { service: 'none' }, 'ServiceNotFound', /not found/],
  ['DeleteService', 'where there is none', { service: 'none' }, 'ServiceNotFound', /not found/],
  ['DescribeServices', 'of none', { services: [] }, 'InvalidParameter', /empty/],
  ['DescribeServices', 'of eleven', { services: many(11) }, 'InvalidParameter', /more than 10/],
  ['DescribeServices', 'with an unknown include', { services: ['x'], include: ['ALL'] }, 'InvalidParameter', /include/],
  ['ListServices', 'of an unknown strategy', { schedulingStrategy: 'MOON' }, 'InvalidParameter', /schedulingStrategy/],
  ['ListServices', 'in a cluster that is gone', { cluster }, 'ClusterNotFound', missing],
  ['ListServicesByNamespace', 'of no name', { namespace: '' }, 'InvalidParameter', /namespace/],
];

const set = { cluster: 'default', service: 'none', taskSet: 'ecs-svc/1' };
const taskSets: readonly Row[] = [
  ['CreateTaskSet', 'of no service', { ...set, taskDefinition: 'by-refusal' }, 'ServiceNotFound', /not found/],
  [
    'CreateTaskSet',
    'with a scale of 101',
    { ...set, taskDefinition: 'by-refusal', scale: { value: 101, unit: 'PERCENT' } },
    'InvalidParameter',
    /between 0 and 100/,
  ],
  ['DescribeTaskSets', 'of no service', { cluster: 'default', service: 'none' }, 'ServiceNotFound', /not found/],
  ['UpdateTaskSet', 'without a scale', { ...set, scale: {} }, 'InvalidParameter', /scale.value/],
  ['DeleteTaskSet', 'of no service', set, 'ServiceNotFound', /not found/],
  [
    'UpdateServicePrimaryTaskSet',
    'in a cluster that is gone',
    { ...set, cluster, primaryTaskSet: 'ecs-svc/1' },
    'ClusterNotFound',
    missing,
  ],
];

const none: readonly Row[] = [
  ['ListDaemons', 'in a cluster that is gone', { clusterArn: cluster }, 'ClusterNotFound', missing],
  ['ListDaemonDeployments', 'with a page of 0', { daemonArn: 'x', maxResults: 0 }, 'InvalidParameter', /maxResults/],
  ['ListDaemonTaskDefinitions', 'with a foreign token', { nextToken: 'x' }, 'InvalidParameter', /nextToken/],
  ['DescribeDaemonDeployments', 'of none', { daemonDeploymentArns: [] }, 'InvalidParameter', /empty/],
  ['DescribeDaemonRevisions', 'of none', { daemonRevisionArns: [] }, 'InvalidParameter', /empty/],
];

export const refusals: readonly Refusal[] = [
  ...providers,
  ...clusters,
  ...definitions,
  ...instances,
  ...tasks,
  ...services,
  ...taskSets,
  ...none,
].map(([name, why, input, error, words]) => ({
  name,
  why,
  input: typeof input === 'function' ? (input as (known: Known) => object) : () => input,
  error: `${error}Exception`,
  words,
}));
