// The container service's operations that an agent calls (ECS API), and its errors told apart by what helps.
import {
  type Attribute,
  DiscoverPollEndpointCommand,
  ECSClient,
  RegisterContainerInstanceCommand,
  type Resource,
  SubmitTaskStateChangeCommand,
  type VersionInfo,
} from '@aws-sdk/client-ecs';
import { type Clock, errorText } from '@longshore/base';
import { ReportRefused } from '../execute/report-refused.ts';
import type { Reporter } from '../execute/types.ts';
import type { TaskReport } from '../task/types.ts';

export interface Registration {
  readonly cluster: string;
  readonly instanceArn?: string | undefined;
  readonly attributes: readonly Attribute[];
  readonly resources: readonly Resource[];
  readonly versions: VersionInfo;
}

export interface ControlApi extends Reporter {
  /** The instance's ARN. */
  register(registration: Registration): Promise<string>;
  /** Where the control and telemetry sockets are. */
  discover(cluster: string, instanceArn: string): Promise<{ readonly acs: string; readonly tcs: string }>;
  /** Reports a task that was never taken on as stopped. */
  reject(arn: string, cluster: string, reason: string): Promise<void>;
  close(): void;
}

const dayMs = 24 * 3_600_000;
const finalErrors = new Set(['InvalidParameterException', 'ClientException', 'ClusterNotFoundException']);

/** The control plane has answered, and will not answer otherwise if asked the same again. */
export function isFinal(error: unknown): boolean {
  return error instanceof Error && finalErrors.has(error.name);
}

const date = (ms: number | undefined) => (ms === undefined ? undefined : new Date(ms));

/** What of the ECS client the agent uses. */
export type ControlClient = Pick<ECSClient, 'send' | 'destroy'>;

export function createControlClient(options: {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}): ControlClient {
  return new ECSClient({
    endpoint: options.endpoint,
    region: options.region,
    credentials: options.credentials,
    maxAttempts: 2,
    requestHandler: { requestTimeout: 30_000, connectionTimeout: 5_000 },
  });
}

export function createControlApi(options: { readonly client: ControlClient; readonly clock: Clock }): ControlApi {
  const { client } = options;

  async function submit(cluster: string, task: string, report: TaskReport, abortSignal: AbortSignal): Promise<void> {
    const change = new SubmitTaskStateChangeCommand({
      cluster,
      task,
      status: report.status,
      reason: report.reason,
      containers: report.containers.map((container) => ({
        ...container,
        networkBindings: container.networkBindings?.map((binding) => ({ ...binding })),
      })),
      pullStartedAt: date(report.pullStartedAt),
      pullStoppedAt: date(report.pullStoppedAt),
      executionStoppedAt: date(report.executionStoppedAt),
    });
    await client.send(change, { abortSignal });
  }

  return {
    async register(registration) {
      const { containerInstance } = await client.send(
        new RegisterContainerInstanceCommand({
          cluster: registration.cluster,
          containerInstanceArn: registration.instanceArn,
          attributes: [...registration.attributes],
          totalResources: [...registration.resources],
          versionInfo: registration.versions,
        }),
      );
      const arn = containerInstance?.containerInstanceArn;
      if (!arn) throw new Error('the control plane registered the instance without naming it');
      return arn;
    },
    async discover(cluster, containerInstance) {
      const { endpoint, telemetryEndpoint } = await client.send(
        new DiscoverPollEndpointCommand({ cluster, containerInstance }),
      );
      if (!endpoint) throw new Error('the control plane named no endpoint');
      return { acs: endpoint, tcs: telemetryEndpoint ?? endpoint };
    },
    async submit(record, report, signal) {
      try {
        await submit(record.task.taskClusterArn, record.task.arn, report, signal);
      } catch (error) {
        if (isFinal(error)) throw new ReportRefused(errorText(error));
        if (options.clock.now() - report.at > dayMs)
          throw new ReportRefused(`not accepted for a day: ${errorText(error)}`);
        throw error;
      }
    },
    reject: (arn, cluster, reason) =>
      submit(
        cluster,
        arn,
        { status: 'STOPPED', at: options.clock.now(), reason, containers: [] },
        AbortSignal.timeout(60_000),
      ),
    close: () => client.destroy(),
  };
}
