// Who a pull logs in as: with the right to ECR of the task's execution role (the agent's own if it has none), or with the secret that a task's repositoryCredentials name.
// A credential goes to one host only: an ECR token to its endpoint, a secret to the host in the image's name.
import type { AcsContainer } from '@longshore/aws';
import { errorText } from '@longshore/base';
import type { RoleKeys } from '../endpoint/role-keys.ts';
import { EngineError } from '../docker/errors.ts';
import type { ImageReference } from '../docker/reference.ts';
import type { RegistryCredential } from '../docker/types.ts';
import type { Secrets } from '../secrets/types.ts';
import type { TaskRecord } from '../task/types.ts';
import type { RegistryToken, RegistryTokens } from './ecr-token.ts';

export interface Login {
  readonly credential: RegistryCredential;
  /** With which a manifest can be asked for directly, by Basic authentication. */
  readonly token?: RegistryToken | undefined;
}

/** Where Docker Hub logs in, as the Engine names it. */
const dockerHub = 'https://index.docker.io/v1/';

export interface LoginParts {
  readonly tokens: RegistryTokens;
  readonly secrets: Pick<Secrets, 'login'>;
  readonly executionKeys: RoleKeys['execution'];
}

/** Undefined if the image is pulled without one. Throws rather than let a credential go to another host than its own. */
export async function loginFor(
  parts: LoginParts,
  record: TaskRecord,
  container: AcsContainer,
  reference: ImageReference,
  signal: AbortSignal,
): Promise<Login | undefined> {
  const auth = container.registryAuthentication;
  if (!auth) return undefined;
  if (auth.type === 'asm') {
    const login = await parts.secrets.login(record, auth.asmAuthData.credentialsParameter, signal);
    return { credential: { ...login, serveraddress: reference.host === 'docker.io' ? dockerHub : reference.host } };
  }
  const token = await parts.tokens
    .get(auth.ecrAuthData.registryId, parts.executionKeys(record))
    .catch((error: unknown) => {
      throw new EngineError(0, `unable to get an authorization token for the image's registry: ${errorText(error)}`);
    });
  const { host } = token.endpoint;
  if (host !== reference.host)
    throw new EngineError(401, `the image's host ${reference.host} is not ${host}, for which there is a credential`);
  return { credential: { username: token.username, password: token.password, serveraddress: host }, token };
}

/** What tells apart by which right an image is pulled: tasks with the same may share one pull. */
export function rightOf(record: TaskRecord, container: AcsContainer): string {
  const auth = container.registryAuthentication;
  if (!auth) return '';
  const right = auth.type === 'ecr' ? auth.ecrAuthData.registryId : auth.asmAuthData.credentialsParameter;
  return `${right} ${record.executionRole ?? ''}`;
}
