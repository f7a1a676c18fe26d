// Repository creation templates in the shapes of ECR: read and validated, and written.
import type { CreateRepositoryCreationTemplateRequest, RepositoryCreationTemplate } from '@aws-sdk/client-ecr';
import type { Core } from '../core.ts';
import { parseLifecyclePolicy } from '../lifecycle/parse.ts';
import { parseRepositoryName } from '../names.ts';
import { parseResourcePolicy } from '../repository-policy.ts';
import type { CreationScenario, Template, TemplateBody } from '../templates.ts';
import { invalid } from './ecr-operation.ts';
import { mergeTags, mutabilityShape, readMutability, readTags } from './shapes.ts';

const scenarios: readonly CreationScenario[] = ['REPLICATION', 'PULL_THROUGH_CACHE', 'CREATE_ON_PUSH'];

/** `ROOT`, or the beginning of names up to a slash, which may be left out. Throws parameterInvalid. */
export function requirePrefix(prefix: string | undefined): string {
  const bare = (prefix ?? '').replace(/\/$/, '');
  // A prefix may have one character, a name has two.
  if (prefix === 'ROOT' || /^[a-z0-9]$/.test(bare) || parseRepositoryName(bare)) return prefix ?? '';
  throw invalid("Invalid parameter at 'prefix': ROOT, or the beginning of repository names.");
}

export function templateShape(template: Template): RepositoryCreationTemplate {
  const { settings } = template;
  return {
    prefix: template.prefix,
    ...(template.description !== undefined && { description: template.description }),
    encryptionConfiguration: { encryptionType: settings.encryption ?? 'AES256' },
    ...(template.tags.length > 0 && { resourceTags: template.tags.map((tag) => ({ ...tag })) }),
    ...mutabilityShape(template),
    ...(template.policyText !== undefined && { repositoryPolicy: template.policyText }),
    ...(template.lifecyclePolicy !== undefined && { lifecyclePolicy: template.lifecyclePolicy }),
    appliedFor: [...template.appliedFor],
    ...(template.customRoleArn !== undefined && { customRoleArn: template.customRoleArn }),
    createdAt: new Date(template.createdAt),
    updatedAt: new Date(template.updatedAt),
  };
}

type Input = Partial<CreateRepositoryCreationTemplateRequest>;

function readAppliedFor(given: readonly string[] | undefined): CreationScenario[] | undefined {
  const read = given?.map((each) => scenarios.find((scenario) => scenario === each));
  if (read?.length === 0 || read?.includes(undefined)) {
    throw invalid(`Invalid parameter at 'appliedFor': some of ${scenarios.join(', ')}.`);
  }
  return read && [...new Set(read.filter((each) => each !== undefined))];
}

function readText(text: string | undefined, name: string, most: number): string | undefined {
  if (text !== undefined && text.length > most)
    throw invalid(`Invalid parameter at '${name}': ${most} characters at most.`);
  return text;
}

/** An empty text takes a policy away. */
function readPolicies(core: Core, input: Input) {
  const { repositoryPolicy, lifecyclePolicy } = input;
  if (repositoryPolicy) parseResourcePolicy(repositoryPolicy, 'repository');
  if (lifecyclePolicy) parseLifecyclePolicy(lifecyclePolicy, core.quotas.rulesPerLifecyclePolicy);
  return {
    ...(repositoryPolicy !== undefined && { policyText: repositoryPolicy || undefined }),
    ...(lifecyclePolicy !== undefined && { lifecyclePolicy: lifecyclePolicy || undefined }),
  };
}

/** What `input` says of a template; what it leaves out stays as in `held`. Throws parameterInvalid and tags' errors. */
export function readTemplate(core: Core, prefix: string, input: Input, held: TemplateBody | undefined): TemplateBody {
  const appliedFor = readAppliedFor(input.appliedFor) ?? held?.appliedFor;
  if (!appliedFor) throw invalid("Invalid parameter at 'appliedFor': it is needed.");
  const encryption = input.encryptionConfiguration?.encryptionType;
  if (encryption !== undefined && encryption !== 'AES256') {
    throw invalid(`Encryption of type ${encryption} is not available in templates; leave it out or use AES256.`);
  }
  const description = readText(input.description, 'description', 256);
  const customRoleArn = readText(input.customRoleArn, 'customRoleArn', 2_048);
  const { exclusions: _, ...settings } = held?.settings ?? {};
  const mutability =
    input.imageTagMutability === undefined && held
      ? { tagMutability: held.tagMutability, exclusions: held.settings.exclusions }
      : readMutability(input);
  return {
    ...(held ?? { tags: [] }),
    prefix: held?.prefix ?? prefix,
    tagMutability: mutability.tagMutability,
    settings: {
      ...settings,
      ...(mutability.exclusions && { exclusions: mutability.exclusions }),
      ...(encryption && { encryption }),
    },
    ...(input.resourceTags && { tags: mergeTags([], readTags(input.resourceTags)) }),
    appliedFor,
    ...(description !== undefined && { description }),
    ...(customRoleArn !== undefined && { customRoleArn }),
    ...readPolicies(core, input),
  };
}
