// Fetches what a container's definition only names: secrets, and files with environment variables. Secrets Manager is asked
// with the keys of the task's execution role where the task has one, else with the agent's own key.
import { AwsError, callJson, type AcsContainer, type SigningCredentials } from '@longshore/aws';
import { errorText } from '@longshore/base';
import type { TaskRecord } from '../task/types.ts';
import { mergeEnvironmentFiles, parseEnvironmentFile } from './environment-file.ts';
import type { MachineFiles } from './machine-files.ts';
import { parseSecretReference, type SecretReference } from './reference.ts';
import { type ObjectReader, ResourceUnavailable, type Secrets } from './types.ts';
import { loginOf, valueAt } from './value.ts';

export interface SecretsParts {
  /** The control plane, which is where Secrets Manager is. */
  readonly endpoint: string;
  readonly region: string;
  /** The agent's own key. */
  readonly credentials: SigningCredentials;
  /** The current keys of the task's execution role, where it has one. */
  readonly executionCredentials?: ((record: TaskRecord) => SigningCredentials | undefined) | undefined;
  readonly files: MachineFiles;
  readonly readObject: ObjectReader;
}

/** A refusal for good. Throttling, a server's own trouble and an unreachable server are not. */
function isFinal(error: unknown): boolean {
  return error instanceof AwsError && error.status < 500 && !/throttl|TooManyRequests|Expired/i.test(error.code);
}

function missingWords(secretId: string, error: AwsError): string {
  return error.code === 'ResourceNotFoundException'
    ? `ResourceNotFoundException: The task can't retrieve the secret with ARN '${secretId}' from AWS Secrets Manager. Check whether the secret exists in the specified Region: ${error.message}`
    : `secret ${secretId}: ${error.code}: ${error.message}`;
}

export function createSecrets(parts: SecretsParts): Secrets {
  async function ask(record: TaskRecord, reference: SecretReference & { kind: 'asm' }, signal: AbortSignal) {
    try {
      const answer = await callJson({
        endpoint: parts.endpoint,
        region: parts.region,
        credentials: parts.executionCredentials?.(record) ?? parts.credentials,
        service: 'secretsmanager',
        target: 'secretsmanager.GetSecretValue',
        input: {
          SecretId: reference.secretId,
          ...(reference.versionStage !== undefined && { VersionStage: reference.versionStage }),
          ...(reference.versionId !== undefined && { VersionId: reference.versionId }),
        },
        timeoutMs: 15_000,
        signal,
      });
      const { SecretString: text } = answer as { readonly SecretString?: unknown };
      if (typeof text !== 'string') throw new ResourceUnavailable(`secret ${reference.secretId} holds no text`);
      return text;
    } catch (error) {
      if (error instanceof AwsError && isFinal(error))
        throw new ResourceUnavailable(
          `unable to pull secrets or registry auth: unable to retrieve secret from asm: ${missingWords(reference.secretId, error)}`,
        );
      throw error;
    }
  }

  /** Texts that one fetch has read, so that a secret of many keys is asked for once. */
  type Read = Map<string, Promise<string>>;

  async function valueOf(record: TaskRecord, valueFrom: string, read: Read, signal: AbortSignal): Promise<string> {
    const reference = parseSecretReference(valueFrom);
    if (!reference) throw new ResourceUnavailable(`${valueFrom} names neither a secret nor a file`);
    const { jsonKey } = reference;
    const key = JSON.stringify({ ...reference, jsonKey: undefined });
    const fresh = () => (reference.kind === 'asm' ? ask(record, reference, signal) : fileText(reference.name));
    const asked = read.get(key) ?? fresh();
    read.set(key, asked);
    const text = await asked;
    return final(async () => valueAt(text, jsonKey, valueFrom));
  }

  async function fileText(name: string): Promise<string> {
    const text = await final(() => parts.files.read(name));
    // Editors end a file with a line break that is no part of a password.
    return text.replace(/\r?\n$/, '');
  }

  function environmentFileText(value: string, signal: AbortSignal): Promise<string> {
    return value.startsWith('file:')
      ? final(() => parts.files.read(value.slice('file:'.length)))
      : parts.readObject(value, signal);
  }

  return {
    async fetch(record, container: AcsContainer, signal) {
      const read: Read = new Map();
      const files = (container.environmentFiles ?? []).map(async ({ value }) => {
        const text = await environmentFileText(value, signal);
        return final(async () => parseEnvironmentFile(text));
      });
      const secrets = (container.secrets ?? []).map(async (secret) => ({
        secret,
        value: await valueOf(record, secret.valueFrom, read, signal),
      }));
      const [fileEnvironment, values] = await Promise.all([
        Promise.all(files).then(mergeEnvironmentFiles),
        Promise.all(secrets),
      ]);
      const forTarget = (target: string) =>
        Object.fromEntries(
          values.filter(({ secret }) => secret.target === target).map(({ secret, value }) => [secret.name, value]),
        );
      return { fileEnvironment, secretEnvironment: forTarget('CONTAINER'), logOptions: forTarget('LOG_DRIVER') };
    },
    async login(record, credentialsParameter, signal) {
      const text = await valueOf(record, credentialsParameter, new Map(), signal);
      return final(async () => loginOf(text));
    },
  };
}

/** What `work` throws that is not a server's answer is final: a file or a value will not become another by asking again. */
async function final<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ResourceUnavailable) throw error;
    throw new ResourceUnavailable(`unable to pull secrets or registry auth: ${errorText(error)}`);
  }
}
