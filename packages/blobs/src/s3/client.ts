// The S3 client: time limits, retries and connections.
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { S3Location } from './location.ts';

export type S3Credentials = NonNullable<S3ClientConfig['credentials']>;

export interface S3Limits {
  /** Attempts of one call, with back-off between them. */
  readonly attempts: number;
  readonly connectMs: number;
  /** From a request to its answer's head. */
  readonly answerMs: number;
  /** The same for calls that move many bytes inside the store: completing and copying. */
  readonly moveMs: number;
  /** Between two pieces of a body. */
  readonly stallMs: number;
}

export const defaultLimits: S3Limits = Object.freeze({
  attempts: 5,
  connectMs: 5_000,
  answerMs: 60_000,
  moveMs: 15 * 60_000,
  stallMs: 30_000,
});

const connections = 256;

export function createS3Client(location: S3Location, limits: S3Limits, credentials?: S3Credentials): S3Client {
  const agent = { keepAlive: true, maxSockets: connections };
  return new S3Client({
    region: location.region,
    forcePathStyle: location.pathStyle,
    ...(location.endpoint === undefined ? {} : { endpoint: location.endpoint }),
    ...(credentials === undefined ? {} : { credentials }),
    retryMode: 'standard',
    maxAttempts: limits.attempts,
    // Clients verify what they pull by its digest; the parts of an upload are what must not change on the way.
    requestChecksumCalculation: 'WHEN_SUPPORTED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: new NodeHttpHandler({
      httpAgent: new HttpAgent(agent),
      httpsAgent: new HttpsAgent(agent),
      connectionTimeout: limits.connectMs,
      requestTimeout: limits.answerMs,
      throwOnRequestTimeout: true,
      socketAcquisitionWarningTimeout: 60_000,
    }),
  });
}
