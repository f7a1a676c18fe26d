// Talks to CloudWatch Logs' operations, which the control plane serves.
import { AwsError, callJson, type SigningCredentials } from '@longshore/aws';
import { ResourceUnavailable } from '../secrets/types.ts';
import { millisOf } from './assemble.ts';
import type { LogSink, LogTarget } from './types.ts';

export interface SinkParts {
  readonly endpoint: string;
  readonly region: string;
  /** The agent's own key, for tasks without an execution role. */
  readonly credentials: SigningCredentials;
}

export function createLogSink(parts: SinkParts): LogSink {
  async function call(
    operation: string,
    input: object,
    credentials: SigningCredentials | undefined,
    signal: AbortSignal,
  ) {
    await callJson({
      endpoint: parts.endpoint,
      region: parts.region,
      credentials: credentials ?? parts.credentials,
      service: 'logs',
      target: `Logs_20140328.${operation}`,
      input,
      timeoutMs: 30_000,
      signal,
    });
  }

  const code = (error: unknown) => (error instanceof AwsError ? error.code : '');

  /** Runs `work`; that the thing is there already is as good. */
  async function make(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      if (code(error) !== 'ResourceAlreadyExistsException') throw error;
    }
  }

  async function prepare(target: LogTarget, credentials: SigningCredentials | undefined, signal: AbortSignal) {
    const stream = { logGroupName: target.group, logStreamName: target.stream };
    try {
      await make(call('CreateLogStream', stream, credentials, signal));
    } catch (error) {
      if (code(error) !== 'ResourceNotFoundException' || !target.createGroup) throw error;
      await make(call('CreateLogGroup', { logGroupName: target.group }, credentials, signal));
      await make(call('CreateLogStream', stream, credentials, signal));
    }
  }

  return {
    async prepare(target, credentials, signal) {
      try {
        await prepare(target, credentials, signal);
      } catch (error) {
        if (!(error instanceof AwsError) || error.status >= 500 || /throttl|Expired/i.test(error.code)) throw error;
        throw new ResourceUnavailable(
          `failed to validate logger args: failed to create Cloudwatch log stream: ${error.code}: ${error.message}`,
        );
      }
    },
    put: (target, events, credentials, signal) =>
      call(
        'PutLogEvents',
        {
          logGroupName: target.group,
          logStreamName: target.stream,
          logEvents: events.map(({ at, message }) => ({ timestamp: millisOf(at), message })),
        },
        credentials,
        signal,
      ),
  };
}
