// Checks of what a container only names and its agent fetches: secrets, environment files, and the credentials of a
// private registry. ECS names parameters of Parameter Store here too, which Longshore does not have.
import type { ContainerDefinition, EnvironmentFile, RepositoryCredentials, Secret } from '@aws-sdk/client-ecs';
import { parseArn } from '@longshore/base';
import { badContainer, checkText } from './limits.ts';

const mostSecrets = 100;
const mostFiles = 10;

const filePattern = /^file:[A-Za-z0-9_.@+=-]+(?:\/[A-Za-z0-9_.@+=-]+)*(?::[^:]{1,255})?$/;

/** The ARN that a `valueFrom` begins with, without the suffixes `:json-key:version-stage:version-id`. */
export function secretArnOf(valueFrom: string): string | undefined {
  const parts = valueFrom.split(':');
  const arn = parts.slice(0, 7).join(':');
  const parsed = parseArn(arn);
  const sound = parsed?.service === 'secretsmanager' && /^secret:[\w/+=.@-]{1,519}$/.test(parsed.resource);
  return sound && parts.length <= 10 ? arn : undefined;
}

function checkValueFrom(container: string, field: string, valueFrom: string | undefined): void {
  const text = valueFrom ?? '';
  checkText(container, field, text, 2048);
  if (secretArnOf(text) === undefined && !filePattern.test(text))
    throw badContainer(
      container,
      `'${field}' must be the ARN of a secret of Secrets Manager, with :json-key:version-stage:version-id after it if wanted, or file:NAME. Parameters of Parameter Store are not available in Longshore.`,
    );
}

function checkSecrets(container: string, field: string, secrets: readonly Secret[] | undefined): void {
  const given = secrets ?? [];
  if (given.length > mostSecrets) throw badContainer(container, `'${field}' has more than ${mostSecrets} entries.`);
  const seen = new Set<string>();
  for (const { name, valueFrom } of given) {
    if (!name || name.includes('='))
      throw badContainer(container, `Names in '${field}' must not be empty or hold '='.`);
    checkText(container, field, name, 4096);
    if (seen.has(name)) throw badContainer(container, `'${field}' has the name '${name}' twice.`);
    seen.add(name);
    checkValueFrom(container, `${field}.valueFrom`, valueFrom);
  }
}

/** Also for the overrides of a launch. */
export function checkEnvironmentFiles(container: string, files: readonly EnvironmentFile[] | undefined): void {
  const given = files ?? [];
  if (given.length > mostFiles) throw badContainer(container, `'environmentFiles' has more than ${mostFiles} entries.`);
  for (const { type, value = '' } of given) {
    if (type !== 's3') throw badContainer(container, "'environmentFiles.type' must be s3.");
    checkText(container, 'environmentFiles.value', value, 1024);
    if (
      !/^(?:arn:aws[a-z-]*:s3:::[a-z0-9.-]{3,63}\/.+|file:[A-Za-z0-9_./@+=-]+)$/.test(value) ||
      !value.endsWith('.env')
    )
      throw badContainer(
        container,
        "'environmentFiles.value' must be the ARN of an S3 object, or file:NAME, and end with .env.",
      );
  }
}

function checkRepositoryCredentials(container: string, credentials: RepositoryCredentials | undefined): void {
  if (credentials === undefined) return;
  checkValueFrom(container, 'repositoryCredentials.credentialsParameter', credentials.credentialsParameter);
}

/** Throws ClientException. */
export function checkFetched(name: string, container: ContainerDefinition): void {
  checkSecrets(name, 'secrets', container.secrets);
  checkSecrets(name, 'logConfiguration.secretOptions', container.logConfiguration?.secretOptions);
  const variables = new Set((container.environment ?? []).map((each) => each.name));
  const both = container.secrets?.find((each) => variables.has(each.name));
  if (both)
    throw badContainer(
      name,
      `The secret name must be unique and not shared with any new or existing environment variables set on the container, such as '${both.name}'.`,
    );
  checkEnvironmentFiles(name, container.environmentFiles);
  checkRepositoryCredentials(name, container.repositoryCredentials);
}

/** Every `valueFrom` of a container, whatever it is for. */
export function referencesOf(container: ContainerDefinition): string[] {
  return [
    ...(container.secrets ?? []).map((each) => each.valueFrom ?? ''),
    ...(container.logConfiguration?.secretOptions ?? []).map((each) => each.valueFrom ?? ''),
    container.repositoryCredentials?.credentialsParameter ?? '',
  ].filter((each) => each !== '');
}

/** What fetching asks of an instance, as attribute names. */
export function fetchingNeeds(container: ContainerDefinition): string[] {
  const needs: string[] = [];
  const isFile = (text: string | undefined) => text?.startsWith('file:') === true;
  const inAsm = (secrets: readonly Secret[] | undefined) => secrets?.some((each) => !isFile(each.valueFrom));
  if (inAsm(container.secrets)) needs.push('ecs.capability.secrets.asm.environment-variables');
  if (inAsm(container.logConfiguration?.secretOptions)) needs.push('ecs.capability.secrets.asm.bootstrap.log-driver');
  if (container.repositoryCredentials) needs.push('ecs.capability.private-registry-authentication.secretsmanager');
  const files = container.environmentFiles ?? [];
  if (files.some((each) => !isFile(each.value))) needs.push('ecs.capability.env-files.s3');
  if (files.some((each) => isFile(each.value)) || referencesOf(container).some(isFile))
    needs.push('longshore.capability.task-files');
  return needs;
}
