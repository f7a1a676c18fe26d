// Frames of the telemetry socket. Amazon's agent sends each as an HTTP request (header lines, an empty line, JSON), signed
// one by one; the socket itself was signed, so the lines are dropped. Ours sends the JSON only.
import { z } from 'zod';

const stats = z.object({
  min: z.number(),
  max: z.number(),
  sampleCount: z.number().nonnegative(),
  sum: z.number(),
});
/** Amazon's model calls these ULongStatsSet: the same four, with optional overflow members. */
const optionalStats = stats.nullish().catch(undefined);

const reading = z.object({
  time: z.number().positive(),
  cpuSeconds: z.number().nonnegative(),
  cpuPercent: z.number().nonnegative(),
  memoryBytes: z.number().nonnegative(),
  memoryLimitBytes: z.number().nonnegative().nullish(),
  networkRxBytes: z.number().nonnegative(),
  networkTxBytes: z.number().nonnegative(),
  blockReadBytes: z.number().nonnegative(),
  blockWriteBytes: z.number().nonnegative(),
});

const containerMetric = z.object({
  containerName: z.string().max(255).nullish(),
  containerArn: z.string().max(2048).nullish(),
  cpuStatsSet: optionalStats,
  memoryStatsSet: optionalStats,
  networkStatsSet: z.object({ rxBytes: optionalStats, txBytes: optionalStats }).nullish(),
  storageStatsSet: z.object({ readSizeBytes: optionalStats, writeSizeBytes: optionalStats }).nullish(),
  longshoreReading: reading.nullish(),
});
export type ContainerMetric = z.infer<typeof containerMetric>;

const taskMetric = z.object({
  taskArn: z.string().max(2048),
  containerMetrics: z.array(containerMetric).max(20).nullish(),
});

/** What the agent protocol allows in one message. */
const maxTasks = 10;

const metrics = z.object({
  metadata: z.object({ messageId: z.string().max(128).nullish() }).nullish(),
  taskMetrics: z.array(taskMetric).max(maxTasks).nullish(),
  timestamp: z.number().nullish(),
});

const health = z.object({
  metadata: z.object({ messageId: z.string().max(128).nullish() }).nullish(),
  tasks: z
    .array(
      z.object({
        taskArn: z.string().max(2048),
        containers: z
          .array(
            z.object({
              containerName: z.string().max(255),
              healthStatus: z.enum(['HEALTHY', 'UNHEALTHY', 'UNKNOWN']),
            }),
          )
          .max(20)
          .nullish(),
      }),
    )
    .max(maxTasks)
    .nullish(),
});

const instanceStatus = z.object({
  statuses: z
    .array(
      z.object({
        type: z.string().min(1).max(64),
        status: z.enum(['OK', 'IMPAIRED', 'INSUFFICIENT_DATA', 'INITIALIZING']),
        statusReason: z.string().max(4096).nullish(),
        /** Seconds since the epoch. */
        lastUpdated: z.number().nullish(),
        lastStatusChange: z.number().nullish(),
      }),
    )
    .max(16)
    .nullish(),
});

export type TcsFrame =
  | { readonly type: 'PublishMetricsRequest'; readonly message: z.infer<typeof metrics> }
  | { readonly type: 'PublishHealthRequest'; readonly message: z.infer<typeof health> }
  | { readonly type: 'PublishInstanceStatusRequest'; readonly message: z.infer<typeof instanceStatus> }
  | { readonly type: 'unknown'; readonly name: string }
  | { readonly type: 'malformed'; readonly problem: string };

function bodyOf(text: string): string {
  if (text.trimStart().startsWith('{')) return text;
  const end = text.indexOf('\r\n\r\n');
  return end < 0 ? text : text.slice(end + 4);
}

const envelope = z.object({ type: z.string().max(128), message: z.unknown() });

/** Never throws: what cannot be read is said to be so. */
export function readTcsFrame(text: string): TcsFrame {
  let json: unknown;
  try {
    json = JSON.parse(bodyOf(text));
  } catch {
    return { type: 'malformed', problem: 'not JSON' };
  }
  const frame = envelope.safeParse(json);
  if (!frame.success) return { type: 'malformed', problem: 'neither type nor message' };
  const { type, message } = frame.data;
  if (type === 'PublishMetricsRequest') {
    const read = metrics.safeParse(message);
    return read.success ? { type, message: read.data } : malformed(type, read.error);
  }
  if (type === 'PublishHealthRequest') {
    const read = health.safeParse(message);
    return read.success ? { type, message: read.data } : malformed(type, read.error);
  }
  if (type === 'PublishInstanceStatusRequest') {
    const read = instanceStatus.safeParse(message);
    return read.success ? { type, message: read.data } : malformed(type, read.error);
  }
  return { type: 'unknown', name: type };
}

function malformed(type: string, error: z.ZodError): TcsFrame {
  const [issue] = error.issues;
  return { type: 'malformed', problem: `${type}: ${issue?.path.join('.')}: ${issue?.message ?? ''}` };
}
