// What the agent fetches for a container when it makes it, and from whom. Fetched values are held in memory only, for as
// long as the create request takes: state files, logs and reports never see them.
import type { AcsContainer } from '@longshore/aws';
import type { TaskRecord } from '../task/types.ts';

/** What is laid over a container's create request. */
export interface Fetched {
  /** Variables of environment files; the definition's own win. */
  readonly fileEnvironment: Readonly<Record<string, string>>;
  /** Variables whose values are secrets; they win. */
  readonly secretEnvironment: Readonly<Record<string, string>>;
  readonly logOptions: Readonly<Record<string, string>>;
}

export interface RegistryLogin {
  readonly username: string;
  readonly password: string;
}

export interface Secrets {
  /** Throws `ResourceUnavailable` for a final "no", anything else for what may be tried again. */
  fetch(record: TaskRecord, container: AcsContainer, signal: AbortSignal): Promise<Fetched>;
  /** User name and password out of the secret of a container's repositoryCredentials. Throws likewise. */
  login(record: TaskRecord, credentialsParameter: string, signal: AbortSignal): Promise<RegistryLogin>;
}

/** A secret or a file that the task needs is denied, missing or unusable; trying again would not help. */
export class ResourceUnavailable extends Error {
  override readonly name = 'ResourceUnavailable';
}

/** An object of S3. Throws `ResourceUnavailable` for a final "no". */
export type ObjectReader = (arn: string, signal: AbortSignal) => Promise<string>;
